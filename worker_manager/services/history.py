"""Forget finished requests in time."""

from datetime import datetime, timedelta

from django.conf import settings

from regards_processing.kernel.db import rows
from regards_processing.kernel.tenancy.models import Tenant, TenantSetting
from worker_manager.models import FinishedRequest
from worker_manager.queries import HISTORY_KEPT


def forget_finished(*, at: datetime) -> int:
    """Drop finished requests that are older than their tenant keeps them, page by page; return how many.

    Each page is a transaction of its own.
    """
    own = TenantSetting.objects.across_tenants(because="each has its own retention").filter(name=HISTORY_KEPT)
    kept = dict(own.values_list("tenant", "value"))
    tenants = Tenant.objects.order_by("pk").values_list("pk", flat=True)
    return sum(
        _forget(tenant, before=at - timedelta(seconds=kept.get(tenant, settings.HISTORY_KEPT)))
        for tenant in tenants
    )


def _forget(tenant: int, *, before: datetime) -> int:
    old = FinishedRequest.objects.for_tenant(tenant).filter(finished_at__lt=before).order_by("finished_at")
    forgotten = 0
    while page := list(old.values_list("pk", flat=True)[: settings.SWEEP_PAGE]):
        rows.delete(model=FinishedRequest, keys=page)
        forgotten += len(page)
    return forgotten
