"""What the engine answers to the requests that are executions."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from regards_processing.kernel.db.transactions import transaction
from regards_processing.processing.models import Execution
from regards_processing.processing.queries import locked_executions
from regards_processing.processing.services.admission import release
from regards_processing.processing.services.endings import finish
from regards_processing.processing.steps import Outcome, UnreadableOutcome
from worker_manager.events.request_answered import RequestAnswered, ResponseState
from worker_manager.services.dropped import Dropped

#: Responses of the engine that say nothing about an end.
_UNDER_WAY = frozenset({ResponseState.GRANTED, ResponseState.DELAYED})


@transaction
def apply_responses(*, responses: Sequence[RequestAnswered], at: datetime) -> list[Dropped]:
    """End the executions whose requests have ended; return the responses that no execution was found for.

    A response that comes again, or after the end, changes nothing.
    """
    ends = [
        (position, response)
        for position, response in enumerate(responses)
        if response.state not in _UNDER_WAY
    ]
    open_ones = _locked([response for _, response in ends])
    ended: dict[UUID, tuple[Execution, Outcome]] = {}
    dropped = []
    for position, response in ends:
        execution = open_ones.get((response.tenant, response.request_id or ""))
        if execution is None:
            dropped.append(Dropped(position, f"No open execution {response.request_id}"))
        elif execution.pk not in ended:
            ended[execution.pk] = (execution, _outcome(response))
    finish(ended=list(ended.values()), at=at)
    release(processes={(each.tenant_id, each.process_id) for each, _ in ended.values()}, at=at)
    return dropped


def _locked(responses: Sequence[RequestAnswered]) -> dict[tuple[str, str], Execution]:
    ids = [UUID(response.request_id) for response in responses if is_uuid(response.request_id)]
    return {(each.tenant.name, str(each.pk)): each for each in locked_executions(ids=ids)}


def is_uuid(text: str | None) -> bool:
    """Say whether a request id may be that of an execution."""
    try:
        UUID(text or "")
    except ValueError:
        return False
    return True


def _outcome(response: RequestAnswered) -> Outcome:
    if response.state is not ResponseState.SUCCESS:
        return Outcome.failure(" ".join(response.messages))
    try:
        return Outcome.from_answer(response.content)
    except UnreadableOutcome as error:
        return Outcome.failure(str(error))
