"""Which spans end with a move of a request. Pure; no database.

- ``request <content type>``: from reception to the last answer; ``retry <content type>`` for a later run.
- ``dispatch <worker type>``, below it: from the decision to send it to the answer, or until it is given up.
  Below that is the fleet's ``run <worker type>`` (`workers.sdk.run_spans`).
- ``wait <worker type>``, below the request: while nobody is alive, or until the time that a worker asked for.
"""

from dataclasses import replace
from datetime import datetime
from typing import Final

from regards_processing.kernel.observability.tracing import Event, Kind, PastSpan
from worker_manager.models import Request
from worker_manager.states import AWAITING_ANSWER, WAITING, RequestStatus
from worker_manager.trace_stamps import Phase, Stamp, new_span_id
from worker_manager.trail import Attempt, Outcome
from worker_manager.workflow_plan import Plan
from workers.contract.work_answer import AnswerStatus
from workers.observability import span_attributes as names

#: A request that is one of these has no span under way.
_ENDS: Final = frozenset(
    {
        RequestStatus.SUCCESS,
        RequestStatus.ERROR,
        RequestStatus.INVALID_CONTENT,
        RequestStatus.TO_DELETE,
        RequestStatus.CANCELED,
    }
)
_FAILURES: Final = frozenset({RequestStatus.ERROR, RequestStatus.INVALID_CONTENT})
#: Ends of a dispatch that are no failure.
_WELL: Final = frozenset({Outcome.SUCCESS, Outcome.POSTPONED})
#: How a dispatch ended whose answer did not come.
_LOST: Final = "LOST"


def begun(*, stamp: Stamp, request: Request, at: datetime) -> Stamp:
    """Return the stamp of a request that was taken in just now."""
    return replace(stamp, phase=_phase(request, at))


def moved(
    *, stamp: Stamp, request: Request, tenant: str, cause: str | None, at: datetime
) -> tuple[Stamp, list[PastSpan]]:
    """Return the stamp of a request that was moved just now, and the spans that ended with that.

    ``cause`` is the correlation id of the call that moved it, if it was one.
    """
    over = request.status in _ENDS
    if stamp.ended:
        if over:
            return stamp, []
        stamp = stamp.again(at=at, cause=cause)
    phase = _continued(stamp.phase, request, at)
    if phase is not None:
        return replace(stamp, phase=phase), []
    spans = _spans_of_branches(stamp, request, tenant)
    if stamp.phase is not None and _is_known(stamp.phase, request):
        spans.append(_span_of_phase(stamp, stamp.phase, request, tenant, at))
    if over:
        spans.append(_span_of_run(stamp, request, tenant, at))
    return replace(stamp, phase=None if over else _phase(request, at), ended=over), spans


def _phase(request: Request, at: datetime) -> Phase | None:
    """Return the phase that begins with a request's status, if one does."""
    status = RequestStatus(request.status)
    if request.fork is not None:
        # Its branches have spans of their own, one after the other ends.
        return None
    if status is not RequestStatus.DISPATCHED and status not in WAITING:
        return None
    return Phase(
        status=status,
        since=at,
        attempt=request.attempt,
        step=request.step_number,
        worker_type=request.step_worker_type,
    )


def _continued(phase: Phase | None, request: Request, at: datetime) -> Phase | None:
    """Return the phase if it goes on, with what is new in it."""
    if phase is None or phase.attempt != request.attempt:
        return None
    if phase.status in WAITING:
        return phase if request.status == phase.status else None
    if request.status not in AWAITING_ANSWER:
        return None
    running = request.status == RequestStatus.RUNNING
    if not running or phase.running_since is not None:
        return phase
    return replace(phase, running_since=at, worker_id=request.worker_id)


def _is_known(phase: Phase, request: Request) -> bool:
    """Tell whether the phase is what the request did until now.

    It is not when a manager without tracing has moved the request meanwhile: that one wrote no stamp.
    """
    if request.fork is not None:
        return phase.attempt == request.fork.counted
    new = request.status == RequestStatus.DISPATCHED
    return request.attempt == phase.attempt + new


def _span_of_phase(stamp: Stamp, phase: Phase, request: Request, tenant: str, at: datetime) -> PastSpan:
    attributes = _of_request(request, tenant)
    attributes |= {names.STEP: phase.step, names.WORKER_TYPE: phase.worker_type or ""}
    if phase.status in WAITING:
        return PastSpan(
            name=f"wait {phase.worker_type or request.content_type}",
            kind=Kind.INTERNAL,
            ids=replace(stamp.ids, span_id=new_span_id()),
            parent_id=stamp.ids.span_id,
            start=phase.since,
            end=at,
            attributes=attributes | {names.STATUS: phase.status.value},
        )
    outcome, error = _outcome(phase, request)
    dispatch_id = f"{request.pk}:{phase.step}:{phase.attempt}"
    attributes |= {names.STATUS: outcome, names.ATTEMPT: phase.attempt, names.DISPATCH_ID: dispatch_id}
    if phase.worker_id:
        attributes[names.WORKER_ID] = phase.worker_id
    return PastSpan(
        name=f"dispatch {phase.worker_type}",
        kind=Kind.PRODUCER,
        ids=stamp.dispatch(attempt=phase.attempt),
        parent_id=stamp.ids.span_id,
        start=phase.since,
        end=at,
        attributes=attributes,
        error=error,
        events=[Event(name="running", at=phase.running_since)] if phase.running_since else [],
    )


def _spans_of_branches(stamp: Stamp, request: Request, tenant: str) -> list[PastSpan]:
    """Return the spans of the dispatches that ended at parallel steps."""
    if not request.plan or "parallel" not in request.plan:
        return []
    plan = Plan.from_json(request.plan)
    return [
        _span_of_attempt(stamp, attempt, request, tenant)
        for attempt in request.ended_attempts
        if (step := plan.step(attempt.step)) and step.members
    ]


def _span_of_attempt(stamp: Stamp, attempt: Attempt, request: Request, tenant: str) -> PastSpan:
    attributes = _of_request(request, tenant)
    attributes |= {names.STEP: attempt.step, names.WORKER_TYPE: attempt.worker_type}
    attributes |= {names.STATUS: attempt.outcome or "", names.ATTEMPT: attempt.attempt}
    attributes[names.DISPATCH_ID] = f"{request.pk}:{attempt.step}:{attempt.attempt}"
    if attempt.worker_id:
        attributes[names.WORKER_ID] = attempt.worker_id
    started = attempt.started_at
    return PastSpan(
        name=f"dispatch {attempt.worker_type}",
        kind=Kind.PRODUCER,
        ids=stamp.dispatch(attempt=attempt.attempt),
        parent_id=stamp.ids.span_id,
        start=attempt.dispatched_at,
        end=attempt.ended_at or attempt.dispatched_at,
        attributes=attributes,
        error=None if attempt.outcome in _WELL else attempt.message or "",
        events=[Event(name="running", at=started)] if started else [],
    )


def _outcome(phase: Phase, request: Request) -> tuple[str, str | None]:
    """Return how a dispatch ended, by where the request went, and the reason when it failed."""
    status = RequestStatus(request.status)
    if status in _FAILURES:
        return status.value, request.error or ""
    ended = request.ended_attempts[-1].outcome if request.ended_attempts else None
    # A step that is repeated is followed by itself.
    if RequestStatus.SUCCESS in {status, ended} or request.step_number != phase.step:
        return AnswerStatus.SUCCESS.value, None
    if ended == Outcome.POSTPONED or (ended is None and status is RequestStatus.TO_DISPATCH):
        return AnswerStatus.RETRY_LATER.value, None
    return ended or _LOST, request.error or ""


def _span_of_run(stamp: Stamp, request: Request, tenant: str, at: datetime) -> PastSpan:
    attributes = _of_request(request, tenant)
    attributes |= {names.OWNER: request.source, names.SESSION: request.session}
    attributes |= {names.STATUS: request.status, names.ATTEMPT: request.attempt}
    if stamp.cause:
        attributes[names.CORRELATION_ID] = stamp.cause
    return PastSpan(
        name=f"{'request' if stamp.run == 1 else 'retry'} {request.content_type}",
        kind=Kind.CONSUMER,
        ids=stamp.ids,
        parent_id=stamp.parent_id,
        start=stamp.since,
        end=at,
        attributes=attributes,
        error=(request.error or "") if request.status in _FAILURES else None,
    )


def _of_request(request: Request, tenant: str) -> dict[str, str | int | bool]:
    return {
        names.TENANT: tenant,
        names.REQUEST_ID: request.request_id,
        names.CONTENT_TYPE: request.content_type,
    }
