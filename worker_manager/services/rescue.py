"""The watchdog: requests whose answer will not come."""

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Exists, Q

from regards_processing.kernel.db.transactions import transaction
from regards_processing.kernel.tenancy.models import Tenant
from worker_manager import queries
from worker_manager.models import Request, WorkerInstance
from worker_manager.services import attempts
from worker_manager.services.bulks import Bulk, settle
from worker_manager.states import RequestStatus
from worker_manager.trail import Outcome

log = logging.getLogger(__name__)


def rescue_silent(*, at: datetime) -> int:
    """Open new attempts for requests that nobody will answer, page by page; return how many."""
    rescued = 0
    while page := _rescue_page(at):
        rescued += page
    if rescued:
        log.warning("silent requests rescued", extra={"action": "request.rescued", "requests": rescued})
    return rescued


@transaction
def _rescue_page(at: datetime) -> int:
    tenants = dict(Tenant.objects.active().values_list("pk", "name"))
    silent = Request.objects.of_tenants(tenants).filter(_silent(at)).locked(skip_locked=True)
    page = list(silent.without_payloads()[: settings.SWEEP_PAGE])
    bulk = Bulk(live=queries.live_types(at=at), at=at, touched={request.pk: request for request in page})
    for request in page:
        attempts.lost(
            request=request,
            reason=_reason(request),
            live=bulk.live,
            at=at,
            outcome=_outcome(request, at),
        )
    settle(bulk=bulk, tenants=tenants)
    return len(page)


def _silent(at: datetime) -> Q:
    expired = at - timedelta(seconds=settings.HEARTBEAT_EXPIRY)
    alive = WorkerInstance.objects.alive(since=expired).values("worker_id")
    queued = Q(status=RequestStatus.DISPATCHED, moved_at__lt=at - timedelta(seconds=settings.QUEUE_TIMEOUT))
    running = Q(status=RequestStatus.RUNNING, moved_at__lt=at - timedelta(seconds=settings.RUN_TIMEOUT))
    orphaned = Q(status=RequestStatus.RUNNING, worker_id__isnull=False, moved_at__lt=expired)
    # While nobody is heard, it may be us who were deaf: managers that were down heard no heartbeats.
    return queued | running | (orphaned & ~Q(worker_id__in=alive) & Q(Exists(alive)))


def _outcome(request: Request, at: datetime) -> Outcome:
    if request.status == RequestStatus.DISPATCHED:
        return Outcome.QUEUE_TIMEOUT
    late = request.moved_at < at - timedelta(seconds=settings.RUN_TIMEOUT)
    return Outcome.RUN_TIMEOUT if late else Outcome.LOST


def _reason(request: Request) -> str:
    if request.status == RequestStatus.DISPATCHED:
        return f"no worker answered within {settings.QUEUE_TIMEOUT} s"
    return f"the worker gave no sign within {settings.RUN_TIMEOUT} s, or died"
