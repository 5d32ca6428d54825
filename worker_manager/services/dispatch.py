"""Say who is to get a request's current step, and write the message that sends it there."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from django.conf import settings

from regards_processing.kernel.amqp.envelope import Outbound
from worker_manager import task_messages, tracing
from worker_manager.answer_rules import Advance, Place
from worker_manager.models import Request
from worker_manager.queries import LiveTypes, PlanKey
from worker_manager.services import branches
from worker_manager.services.moves import end_attempt, move
from worker_manager.states import RequestStatus
from worker_manager.trail import Ending, Outcome
from worker_manager.workflow_plan import Plan, PlanStep
from workers.contract.content_folder import ContentLost
from workers.contract.stored_content import StoredContent
from workers.contract.work_request import WorkRequest

#: Heavy columns of a request that comes to another step.
NEW_STEP: Final = frozenset({"content", "stored_content", "headers"})


def current_plan(*, request: Request, configured: Mapping[PlanKey, Plan]) -> Plan | None:
    """Return the plan a request follows: its own since it was granted, before that the configured one."""
    if request.plan:
        return Plan.from_json(request.plan)
    return configured.get((request.tenant_id, request.content_type))


def assign(*, request: Request, plan: Plan | None, live: LiveTypes, at: datetime) -> None:
    """Hold a request for its current step, or move it to NO_WORKER_AVAILABLE when nobody serves that.

    `flow.admit` decides which of those held are dispatched: at the end of the bulk, for all of them at once.
    """
    step = current_step(request=request, plan=plan)
    if plan is not None and step is not None and step.members:
        branches.assign(request=request, plan=plan, step=step, live=live, at=at, each=assign)
        return
    request.fork = None
    request.due_at = request.worker_id = None
    request.step_worker_type = step.worker_type if step else None
    if plan is None or step is None or step.worker_type not in live:
        move(request=request, to=RequestStatus.NO_WORKER_AVAILABLE, at=at)
        return
    # A request keeps the plan that it follows.
    request.plan = request.plan or plan.to_json()
    request.step_number = step.number
    move(request=request, to=RequestStatus.TO_DISPATCH, at=at)


def is_held(request: Request) -> bool:
    """Tell whether a request waits for nothing but a place."""
    return request.status == RequestStatus.TO_DISPATCH and request.due_at is None


def send(*, request: Request, live: LiveTypes, at: datetime) -> None:
    """Move a held request to DISPATCHED: a new attempt.

    One whose content `can_be_read` only later stays held. If the content is lost, the attempt has failed.
    """
    if not can_be_read(request=request, live=live):
        return
    fleet = live[request.step_worker_type or ""]
    request.count_attempt()
    request.dispatched_worker_type = request.step_worker_type
    request.dispatched_to_celery, request.by_reference = fleet.all_celery, fleet.reads_stored
    move(request=request, to=RequestStatus.DISPATCHED, at=at, within=_queue_timeout(request))
    stored = request.stored_payload
    if stored is None:
        live.contents.count(_bytes_in_table(request))
    elif not fleet.reads_stored:
        _read(request, stored, live, at)


def can_be_read(*, request: Request, live: LiveTypes) -> bool:
    """Tell whether the bulk may have a held request's content in its memory, if it has to read that."""
    if (request.trunk or request).stored_content is None:
        return live.contents.has_room(_bytes_in_table(request))
    stored, fleet = request.stored_payload, live[request.step_worker_type or ""]
    return stored is None or fleet.reads_stored or live.contents.has_room(stored.size)


def _bytes_in_table(request: Request) -> int:
    """Return the bytes that a dispatch has to read: none of a content that has just come in."""
    return (request.trunk or request).body_size or 0


def _read(request: Request, stored: StoredContent, live: LiveTypes, at: datetime) -> None:
    try:
        request.read_content = live.contents.read(request=request, content=stored)
    except ContentLost as error:
        # The next attempt would find the same, so the policy of the step is not asked.
        request.error = str(error)
        end_attempt(request=request, ending=Ending(outcome=Outcome.ERROR, message=request.error), at=at)
        move(request=request, to=RequestStatus.ERROR, at=at)


def _queue_timeout(request: Request) -> float:
    """Return the seconds that a worker has to show that it has the current step."""
    # Few plans have policies, and every dispatch comes by here.
    stored = request.plan or {}
    step = Plan.from_json(stored).step(request.step_number) if "policies" in stored else None
    return (step.policy.queue_timeout if step else None) or settings.QUEUE_TIMEOUT


def place_of(*, request: Request, plan: Plan) -> Place:
    """Return where a dispatched request is in its plan."""
    return Place(plan=plan, step_number=request.step_number, repeats=request.repeats, headers=request.headers)


def advance(*, request: Request, to: Advance, plan: Plan, live: LiveTypes, at: datetime) -> None:
    """Have a request go on with its next step, to which content and headers of the one before are given."""
    request.parent_dispatch = request.dispatch_id
    request.step_number, request.repeats = to.step.number, to.repeats
    request.take(to.content)
    request.headers = to.headers
    request.dispatched_worker_type, request.lost_attempts = None, 0
    assign(request=request, plan=plan, live=live, at=at)


def current_step(*, request: Request, plan: Plan | None) -> PlanStep | None:
    """Return the step of its plan that a request is at, or starts with."""
    if plan is None:
        return None
    return plan.step(request.step_number) if request.plan else plan.first


def messages(
    *, requests: Sequence[Request], contents: Mapping[int, bytes], tenants: Mapping[int, str]
) -> list[Outbound]:
    """Return the messages of requests, or branches, that were dispatched.

    ``contents`` are those that are not stored, by primary key.
    """
    spans = tracing.of_dispatches(requests=requests)
    return [
        _message(
            request, _content(request, contents), tenants[request.tenant_id], spans.get(request.dispatch_id)
        )
        for request in requests
    ]


def _content(request: Request, contents: Mapping[int, bytes]) -> bytes:
    is_stored = (request.trunk or request).stored_content is not None
    return request.read_content if is_stored else contents[request.id]


def _message(request: Request, content: bytes, tenant: str, span: str | None) -> Outbound:
    work = WorkRequest(
        tenant=tenant,
        request_id=request.request_id,
        owner=request.source,
        session=request.session,
        content_type=request.content_type,
        content=content,
        stored=request.stored_payload if request.by_reference else None,
        accepts_stored=request.by_reference and settings.STORED_CONTENTS,
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
