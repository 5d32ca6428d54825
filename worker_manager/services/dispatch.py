"""Decide who gets a request's current step, and write the message that sends it there."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.conf import settings

from regards_processing.kernel.amqp.envelope import Outbound
from worker_manager import task_messages, tracing
from worker_manager.models import Request
from worker_manager.queries import LiveTypes, PlanKey
from worker_manager.services.moves import move
from worker_manager.states import RequestStatus
from worker_manager.workflow_plan import Plan, PlanStep
from workers.contract.work_request import WorkRequest


def current_plan(*, request: Request, configured: Mapping[PlanKey, Plan]) -> Plan | None:
    """Return the plan a request follows: its own since its first dispatch, before that the configured one."""
    if request.attempt and request.plan:
        return Plan.from_json(request.plan)
    return configured.get((request.tenant_id, request.content_type))


def assign(*, request: Request, plan: Plan | None, live: LiveTypes, at: datetime) -> None:
    """Move a request to DISPATCHED, or to NO_WORKER_AVAILABLE when nobody serves its current step."""
    step = current_step(request=request, plan=plan)
    request.due_at = request.worker_id = None
    request.step_worker_type = step.worker_type if step else None
    if plan is None or step is None or step.worker_type not in live:
        move(request=request, to=RequestStatus.NO_WORKER_AVAILABLE, at=at)
        return
    request.plan = plan.to_json()
    request.step_number = step.number
    request.attempt += 1
    request.dispatched_worker_type = step.worker_type
    request.dispatched_to_celery = live[step.worker_type].all_celery
    within = step.policy.queue_timeout or settings.QUEUE_TIMEOUT
    move(request=request, to=RequestStatus.DISPATCHED, at=at, within=within)


def current_step(*, request: Request, plan: Plan | None) -> PlanStep | None:
    """Return the step of its plan that a request is at, or starts with."""
    if plan is None:
        return None
    return plan.step(request.step_number) if request.attempt else plan.first


def messages(
    *, requests: Sequence[Request], contents: Mapping[int, bytes], tenants: Mapping[int, str]
) -> list[Outbound]:
    """Return one dispatch message for each DISPATCHED request; ``contents`` are by primary key."""
    spans = tracing.of_dispatches(requests=requests)
    return [
        _message(request, contents[request.pk], tenants[request.tenant_id], spans.get(request.pk))
        for request in requests
    ]


def _message(request: Request, content: bytes, tenant: str, span: str | None) -> Outbound:
    work = WorkRequest(
        tenant=tenant,
        request_id=request.request_id,
        owner=request.source,
        session=request.session,
        content_type=request.content_type,
        content=content,
        headers=request.headers or {},
        dispatch_id=request.dispatch_id,
        trace_parent=span,
    )
    worker_type = request.dispatched_worker_type or ""
    if not request.dispatched_to_celery:
        return task_messages.raw_dispatch(work=work, worker_type=worker_type)
    return task_messages.celery_dispatch(
        work=work, step=PlanStep(request.step_number, worker_type), parent_id=request.parent_dispatch
    )
