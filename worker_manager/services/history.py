"""Forget finished requests in time."""

from datetime import datetime, timedelta

from django.conf import settings

from worker_manager.models import FinishedRequest


def forget_finished(*, at: datetime) -> int:
    """Drop finished requests that are older than the retention, in pieces; return how many."""
    finished = FinishedRequest.objects.across_tenants(because="the retention is the same for every tenant")
    old = finished.filter(finished_at__lt=at - timedelta(seconds=settings.HISTORY_KEPT))
    forgotten = 0
    while page := list(old.order_by("finished_at").values_list("pk", flat=True)[: settings.SWEEP_PAGE]):
        forgotten += finished.filter(pk__in=page).delete()[0]
    return forgotten
