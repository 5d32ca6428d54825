"""Say why a request is where it is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.conf import settings
from django.db.models import Q

from regards_processing.kernel.explanations import Explained
from regards_processing.kernel.tenancy.models import Tenant
from regards_processing.kernel.tenancy.visibility import seeing_every_tenant
from worker_manager import queries, searches
from worker_manager.contents import folder_of
from worker_manager.forks import Fork
from worker_manager.models import Pause, PauseKind, Request
from worker_manager.policy import Failure
from worker_manager.queries import LiveTypes
from worker_manager.reasons import OF_WORKFLOW, Limits, PauseFact, Reason, ReasonCode, Situation, reasons
from worker_manager.services import branch_rows, dispatch
from worker_manager.services.standing import standing
from worker_manager.states import UNDER_WAY, WAITING, RequestStatus
from worker_manager.trail import Trail


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """A request, and why it is where it is."""

    request_id: str
    status: RequestStatus
    reasons: tuple[Reason, ...]


def explain(*, tenant: Tenant, request_id: str, at: datetime) -> Explanation:
    """Return why a request that has not ended is where it is.

    Raises:
        UnknownRequest: the tenant has none of this id; it may have ended.
    """
    request = searches.without_payloads(tenant=tenant, request_id=request_id)
    return explain_request(tenant=tenant, request=request, at=at)


def explained(*, tenant: Tenant, subject: str, at: datetime) -> Explained | None:
    """Return why a request waits, as every service tells it; nothing for what is no request on its way."""
    try:
        found = explain(tenant=tenant, request_id=subject, at=at)
    except searches.UnknownRequest:
        return None
    reasons = [reason.to_json() for reason in found.reasons]
    return Explained(subject=subject, status=found.status.value, reasons=reasons)


def explain_request(*, tenant: Tenant, request: Request, at: datetime) -> Explanation:
    """Return why a request of this tenant, read before, is where it is; at most nine statements."""
    branch_rows.load(requests=[request])
    situation = _situation(tenant, request, at)
    found = reasons(situation=situation)
    if request.fork is not None and situation.status in UNDER_WAY:
        found = list(_of_branches(found, request.fork, tenant, at))
    return Explanation(request_id=request.request_id, status=situation.status, reasons=tuple(found))


def _of_branches(whole: Sequence[Reason], fork: Fork, tenant: Tenant, at: datetime) -> Iterator[Reason]:
    """Give the reasons of each branch that has not ended, among those that the request has as a whole."""
    yield from (reason for reason in whole if reason.code is ReasonCode.TENANT_INACTIVE)
    members = len(fork.branches)
    for position, branch in enumerate(fork.branches, start=1):
        for reason in reasons(situation=_situation(tenant, branch, at)) if branch.status in UNDER_WAY else ():
            if reason.code is not ReasonCode.TENANT_INACTIVE:
                text = f"Branch {position} of {members}, {branch.step_worker_type}: {reason.text}"
                yield replace(reason, text=text, facts={**reason.facts, "branch": position})
    yield from (reason for reason in whole if reason.code in OF_WORKFLOW)


def _situation(tenant: Tenant, request: Request, at: datetime) -> Situation:
    configured = queries.plans(tenant_ids=[tenant.pk], content_types=[request.content_type])
    plan = dispatch.current_plan(request=request, configured=configured)
    step = dispatch.current_step(request=request, plan=plan)
    worker_type = request.dispatched_worker_type or request.step_worker_type
    beats = searches.last_beats(
        worker_type=step.worker_type if step else worker_type, worker_id=request.worker_id, at=at
    )
    live = queries.live_types(at=at)
    waits_for = step.worker_type if step and request.status in WAITING else None
    # Branches get what their request has: that is said once.
    stored = request.stored_payload if request.trunk is None else None
    stands = standing(request=request, worker_type=waits_for, live=live) if waits_for else None
    return Situation(
        at=at,
        limits=_limits(),
        tenant=tenant.name,
        tenant_active=tenant.active,
        status=RequestStatus(request.status),
        content_type=request.content_type,
        plan=plan,
        step=step,
        step_number=request.step_number,
        repeats=request.repeats,
        attempt=request.attempt,
        failed=request.lost_attempts,
        failure=_failure(request),
        error=request.error,
        worker_type=worker_type,
        worker_id=request.worker_id,
        due_at=request.due_at,
        moved_at=request.moved_at,
        deadline_at=request.deadline_at,
        live=frozenset(live),
        pauses=_pauses(tenant, request, waits_for, live),
        limit=stands.limit if stands else None,
        in_flight=stands.in_flight if stands else 0,
        has_place=stands is None or stands.goes,
        type_beat=beats.of_type,
        worker_beat=beats.of_instance,
        hearing_since=beats.hearing_since,
        content_size=stored.size if stored else 0,
        content_place=folder_of(request, tenant=tenant.name).place(stored) if stored else None,
    )


def _failure(request: Request) -> str | None:
    """Return what ended the last attempt of a request, if that was a failure."""
    attempts = Trail.read(request.trail).attempts
    outcome = attempts[-1].outcome if attempts else None
    return outcome if outcome in set(Failure) else None


def _pauses(tenant: Tenant, request: Request, worker_type: str | None, live: LiveTypes) -> list[PauseFact]:
    """Return the pauses that keep a request from being dispatched to a worker type; of all, few are any."""
    if worker_type is None or not live.pauses:
        return []
    of_worker = Q(kind=PauseKind.WORKER_TYPE, name=worker_type)
    of_content = Q(kind=PauseKind.CONTENT_TYPE, name=request.content_type)
    # Those of the platform belong to no tenant: they are not among the rows that a call sees.
    with seeing_every_tenant():
        found = list(Pause.objects.that_stop(tenant).filter(of_worker | of_content).order_by("-kind", "pk"))
    return [
        PauseFact(
            of_worker_type=pause.kind == PauseKind.WORKER_TYPE,
            name=pause.name,
            of_platform=pause.tenant_id is None,
            paused_by=pause.paused_by,
            paused_at=pause.paused_at,
        )
        for pause in found
    ]


def _limits() -> Limits:
    return Limits(
        queue_timeout=settings.QUEUE_TIMEOUT,
        run_timeout=settings.RUN_TIMEOUT,
        heartbeat_expiry=settings.HEARTBEAT_EXPIRY,
        sweep=settings.SWEEP_SECONDS,
        max_attempts=settings.MAX_LOST_ATTEMPTS,
    )
