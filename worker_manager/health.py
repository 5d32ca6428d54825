"""What the engine checks: requests that are due, workers that are heard."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, Min, Q

from regards_processing.kernel.observability.health import Unfit
from worker_manager.models import Request, WorkerInstance
from worker_manager.states import RequestStatus


def dispatch(at: datetime) -> str:
    """Look for requests that should have been dispatched long ago."""
    waiting = Request.objects.across_tenants(because="one check of the whole platform").filter(
        status=RequestStatus.TO_DISPATCH
    )
    due: datetime | None = waiting.aggregate(due=Min("due_at"))["due"]
    late = 0.0 if due is None else (at - due).total_seconds()
    if late > settings.DISPATCH_LAG:
        raise Unfit(f"Requests have been due for {late:.0f} s, the limit is {settings.DISPATCH_LAG}")
    return "No request is overdue"


def heartbeats(at: datetime) -> str:
    """Look whether any worker is heard, if there ever was one."""
    since = at - timedelta(seconds=settings.HEARTBEAT_EXPIRY)
    known = WorkerInstance.objects.aggregate(
        all=Count("pk"), alive=Count("pk", filter=Q(beaten_at__gt=since))
    )
    if known["all"] and not known["alive"]:
        raise Unfit(f"No worker has been heard for {settings.HEARTBEAT_EXPIRY} s")
    return f"{known['alive']} workers are heard"
