"""Say why a request is where it is."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.conf import settings

from regards_processing.kernel.tenancy.models import Tenant
from worker_manager import queries, searches
from worker_manager.models import Request
from worker_manager.policy import Failure
from worker_manager.queries import LiveTypes
from worker_manager.reasons import Limits, Reason, Situation, reasons
from worker_manager.services import dispatch
from worker_manager.services.standing import Standing, standing
from worker_manager.states import RequestStatus
from worker_manager.trail import Trail
from worker_manager.workflow_plan import PlanStep

#: Those that wait to be dispatched.
_WAITING: Final = frozenset({RequestStatus.TO_DISPATCH, RequestStatus.NO_WORKER_AVAILABLE})


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


def explain_request(*, tenant: Tenant, request: Request, at: datetime) -> Explanation:
    """Return why a request of this tenant, read before, is where it is; at most eight statements."""
    situation = _situation(tenant, request, at)
    return Explanation(
        request_id=request.request_id,
        status=situation.status,
        reasons=tuple(reasons(situation=situation)),
    )


def _situation(tenant: Tenant, request: Request, at: datetime) -> Situation:
    configured = queries.plans(tenant_ids=[tenant.pk], content_types=[request.content_type])
    plan = dispatch.current_plan(request=request, configured=configured)
    step = dispatch.current_step(request=request, plan=plan)
    worker_type = request.dispatched_worker_type or request.step_worker_type
    beats = searches.last_beats(
        worker_type=step.worker_type if step else worker_type, worker_id=request.worker_id
    )
    live = queries.live_types(at=at)
    stands = _standing(request, step, live)
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
        limit=stands.limit if stands else None,
        in_flight=stands.in_flight if stands else 0,
        has_place=stands is None or stands.goes,
        type_beat=beats.of_type,
        worker_beat=beats.of_instance,
    )


def _failure(request: Request) -> str | None:
    """Return what ended the last attempt of a request, if that was a failure."""
    attempts = Trail.read(request.trail).attempts
    outcome = attempts[-1].outcome if attempts else None
    return outcome if outcome in set(Failure) else None


def _standing(request: Request, step: PlanStep | None, live: LiveTypes) -> Standing | None:
    if step is None or request.status not in _WAITING:
        return None
    return standing(request=request, worker_type=step.worker_type, live=live)


def _limits() -> Limits:
    return Limits(
        queue_timeout=settings.QUEUE_TIMEOUT,
        run_timeout=settings.RUN_TIMEOUT,
        heartbeat_expiry=settings.HEARTBEAT_EXPIRY,
        sweep=settings.SWEEP_SECONDS,
        max_attempts=settings.MAX_LOST_ATTEMPTS,
    )
