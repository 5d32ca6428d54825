"""The watchdog: requests whose answer will not come."""

import logging
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Exists, Q

from regards_processing.kernel.db.transactions import transaction
from regards_processing.kernel.tenancy.models import Tenant
from worker_manager import queries
from worker_manager.models import Branch, Request, WorkerInstance
from worker_manager.policy import Failure, Policy
from worker_manager.services import attempts, branch_rows, liveness
from worker_manager.services.bulks import Bulk, settle
from worker_manager.states import AWAITING_ANSWER, RequestStatus
from worker_manager.workflow_plan import Plan

log = logging.getLogger(__name__)


def rescue_silent(*, at: datetime) -> int:
    """End the attempts that nobody will answer, page by page; return how many."""
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
    page = list(silent.weighed()[: settings.SWEEP_PAGE]) or _with_silent_branches(tenants, at)
    bulk = Bulk(live=queries.live_types(at=at), at=at, touched={request.pk: request for request in page})
    for request in _silent_parts(page, at):
        plan = Plan.from_json(request.plan) if request.plan else None
        failure = _failure(request, at)
        # Whoever has it may still run it, or begin to.
        bulk.stopped.append(request.dispatch_id)
        reason = _reason(failure, attempts.policy_of(request=request, plan=plan))
        attempts.failed(request=request, failure=failure, reason=reason, plan=plan, live=bulk.live, at=at)
    settle(bulk=bulk, tenants=tenants)
    return len(page)


def _with_silent_branches(tenants: Collection[int], at: datetime) -> list[Request]:
    """Lock requests whose branches nobody will answer, though the requests themselves look well."""
    out = sorted(AWAITING_ANSWER)
    silent = Branch.objects.of_tenants(tenants).filter(_silent(at), request__status__in=out)
    keys = set(silent.values_list("request", flat=True)[: settings.SWEEP_PAGE])
    found = Request.objects.of_tenants(tenants).filter(pk__in=keys, status__in=out)
    return list(found.locked(skip_locked=True).weighed()) if keys else []


def _silent_parts(page: Sequence[Request], at: datetime) -> Iterator[Request]:
    """Give requests that nobody will answer; of those at a parallel step, such branches."""
    forked = [request for request in page if request.fork is not None]
    silent = branch_rows.dispatches(requests=forked, condition=_silent(at)) if forked else frozenset()
    for request in page:
        if request.fork is None:
            yield request
        else:
            yield from (branch for branch in request.fork.out if (branch.pk, branch.attempt) in silent)


def _silent(at: datetime) -> Q:
    expired = at - timedelta(seconds=settings.HEARTBEAT_EXPIRY)
    alive = WorkerInstance.objects.alive(since=expired).values("worker_id")
    overdue = Q(status__in=sorted(AWAITING_ANSWER), deadline_at__lt=at)
    orphaned = Q(status=RequestStatus.RUNNING, worker_id__isnull=False, moved_at__lt=expired)
    # It may be us who are deaf, or were (`hearing`): managers that were down heard no heartbeats.
    vouched = Q(Exists(liveness.vouching(at=at)))
    return overdue | _overdue_of_old(at) | (orphaned & ~Q(worker_id__in=alive) & vouched)


def _overdue_of_old(at: datetime) -> Q:
    """Return the condition for requests that a manager of the release before dispatched."""
    queued = Q(status=RequestStatus.DISPATCHED, moved_at__lt=at - timedelta(seconds=settings.QUEUE_TIMEOUT))
    running = Q(status=RequestStatus.RUNNING, moved_at__lt=at - timedelta(seconds=settings.RUN_TIMEOUT))
    return Q(status__in=sorted(AWAITING_ANSWER), deadline_at__isnull=True) & (queued | running)


def _failure(request: Request, at: datetime) -> Failure:
    if request.status == RequestStatus.DISPATCHED:
        return Failure.QUEUE_TIMEOUT
    deadline = request.deadline_at or request.moved_at + timedelta(seconds=settings.RUN_TIMEOUT)
    return Failure.RUN_TIMEOUT if deadline < at else Failure.LOST


def _reason(failure: Failure, policy: Policy) -> str:
    match failure:
        case Failure.QUEUE_TIMEOUT:
            return f"no worker answered within {policy.queue_timeout or settings.QUEUE_TIMEOUT:.9g} s"
        case Failure.RUN_TIMEOUT:
            return f"the worker gave no sign within {policy.run_timeout or settings.RUN_TIMEOUT:.9g} s"
        case _:
            return "the worker that had the request died"
