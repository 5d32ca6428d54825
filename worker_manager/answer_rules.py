"""Which answers count, and what they mean. Pure; no database."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from worker_manager.policy import Failure
from worker_manager.states import AWAITING_ANSWER, RequestStatus
from worker_manager.texts import storable
from worker_manager.trail import Ending, Outcome
from worker_manager.workflow_plan import Plan, PlanStep
from workers.contract.headers import RESERVED_PREFIX
from workers.contract.kept_headers import HeadersTooLarge, check_size
from workers.contract.repetition import RoundsUsedUp
from workers.contract.stored_content import Content
from workers.contract.work_answer import AnswerStatus, WorkAnswer

_DISPATCH_ID: Final = re.compile(r"\d+:\d+:\d+")
_NO_CONTENT: Final = (
    'An error occurred at step {step} of the workflow "{workflow}". '
    "The workerResponseEvent {request_id} did not return any content while it is required by the next "
    "worker. Workflow is therefore stopped at this step."
)
_STOPPED: Final = 'Step {step} of the workflow "{workflow}": {reason}'
#: Longest name of an instance that is stored.
_INSTANCE_LENGTH: Final = 255
#: How an attempt ended, by what its worker answered.
_OUTCOMES: Final = {
    AnswerStatus.SUCCESS: Outcome.SUCCESS,
    AnswerStatus.ERROR: Outcome.ERROR,
    AnswerStatus.INVALID_CONTENT: Outcome.INVALID_CONTENT,
    AnswerStatus.RETRY_LATER: Outcome.POSTPONED,
    AnswerStatus.REDELIVERED: Outcome.LOST,
}
#: Final content of a request whose last worker returned none.
EMPTY_CONTENT: Final = b"{}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatch:
    """The dispatch of a request that an answer may belong to."""

    status: RequestStatus
    dispatch_id: str
    #: The worker that got it always names the dispatch it answers.
    names_its_dispatch: bool


def why_dropped(answer: WorkAnswer, current: Dispatch) -> str | None:
    """Return why an answer must not count; ``None`` when it belongs to the current dispatch.

    Workers of the reference do not name the dispatch they answer; theirs are fenced by what can be known.
    """
    named = named_dispatch(answer.dispatch_id)
    if named and named != current.dispatch_id:
        return f"it answers dispatch {named}, the current one is {current.dispatch_id}"
    if current.status not in AWAITING_ANSWER:
        return f"the request awaits no answer, it is {current.status}"
    if not named and current.names_its_dispatch:
        return f"it names no dispatch, the worker of {current.dispatch_id} would"
    return None


def named_dispatch(text: str | None) -> str | None:
    """Return a dispatch id; anything else that a foreign worker may have put in its place is nothing."""
    return text if _DISPATCH_ID.fullmatch(text or "") else None


@dataclass(frozen=True, slots=True)
class Advance:
    """The workflow goes on with this step."""

    step: PlanStep
    content: Content
    headers: Mapping[str, str] | None = None
    #: Rounds of the loop that the step is in that were before.
    repeats: int = 0


@dataclass(frozen=True, slots=True)
class End:
    """The request has succeeded."""

    content: Content
    headers: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """The work goes on."""

    message: str | None


@dataclass(frozen=True, slots=True)
class Postponed:
    """The worker asks for a new attempt later."""

    seconds: float
    reason: str | None


@dataclass(frozen=True, slots=True)
class Failed:
    """The attempt ended without a result."""

    failure: Failure
    reason: str | None
    #: No other attempt would help: the request ends, whatever its policy says.
    for_good: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a request is in its plan."""

    plan: Plan
    step_number: int
    #: Rounds of the loop that the step is in that were before.
    repeats: int = 0
    #: Those with which the step began.
    headers: Mapping[str, str] | None = None


Meaning = Advance | End | Progress | Postponed | Failed


def meaning(answer: WorkAnswer, *, place: Place) -> Meaning:
    """Return what an answer that counts means for its request."""
    text = storable(",".join(answer.messages)) or None
    match answer.status:
        case AnswerStatus.SUCCESS:
            return what_follows(
                place=place,
                headers=step_headers(answer),
                content=answer.made,
                request_id=answer.request_id,
            )
        case AnswerStatus.RUNNING:
            return Progress(text)
        case AnswerStatus.RETRY_LATER:
            return Postponed(answer.retry_after or 0.0, text)
        case AnswerStatus.REDELIVERED:
            return Failed(Failure.LOST, "the worker that had the request was lost")
        case AnswerStatus.INVALID_CONTENT:
            return Failed(Failure.INVALID_CONTENT, text)
        case AnswerStatus.ERROR:
            return Failed(Failure.ERROR, text)


def what_follows(
    *, place: Place, headers: Mapping[str, str] | None, content: Content | None, request_id: str
) -> Advance | End | Failed:
    """Return how a request goes on whose step has made this content and these additional headers."""
    plan, step = place.plan, place.step_number
    try:
        headers = plan.headers_after(place.headers, headers)
        following = plan.after(step, headers, place.repeats)
        if following is not None:
            # At the end nobody gets them, unless they were kept.
            check_size(headers or {})
    except (RoundsUsedUp, HeadersTooLarge) as error:
        told = _STOPPED.format(step=step, workflow=plan.workflow_type, reason=error)
        return Failed(Failure.ERROR, told, for_good=True)
    if following is None:
        return End(EMPTY_CONTENT if content is None else content, headers)
    if content is None:
        told = _NO_CONTENT.format(step=step, workflow=plan.workflow_type, request_id=request_id)
        return Failed(Failure.ERROR, told)
    return Advance(following.step, content, headers, following.repeats)


def ending(answer: WorkAnswer, meaning: Meaning) -> Ending:
    """Return how the attempt ended that an answer, which counts, is about."""
    match meaning:
        case Failed(failure, message):
            # Also a success that cannot be one: without the content that the next step needs.
            outcome = Outcome(failure.value)
        case Postponed(reason=message):
            outcome = _OUTCOMES[answer.status]
        case _:
            outcome, message = _OUTCOMES[answer.status], storable(",".join(answer.messages)) or None
    return Ending(
        outcome=outcome, message=message, run_seconds=answer.run_seconds, worker_id=instance(answer)
    )


def instance(answer: WorkAnswer) -> str | None:
    """Return the instance that answers, as it can be stored."""
    return storable(answer.worker_id)[:_INSTANCE_LENGTH] if answer.worker_id else None


def step_headers(answer: WorkAnswer) -> dict[str, str] | None:
    """Return the headers for the next step; those of the protocol are not a worker's to set."""
    given: Mapping[str, str] = answer.additional_headers or {}
    allowed = {
        storable(name): storable(value)
        for name, value in given.items()
        if not name.startswith(RESERVED_PREFIX)
    }
    return allowed or None
