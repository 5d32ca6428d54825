"""What the engine answers to the requests that are executions."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import Exists, OuterRef

from regards_processing.kernel.db.transactions import transaction
from regards_processing.processing.models import Execution, OutputFile
from regards_processing.processing.queries import locked_executions
from regards_processing.processing.services import unneeded_folders
from regards_processing.processing.services.admission import release
from regards_processing.processing.services.endings import finish
from regards_processing.processing.steps import Outcome, UnreadableOutcome
from worker_manager.events.request_answered import RequestAnswered, ResponseState
from worker_manager.services.dropped import Dropped

_THESE: Final = "these very executions are meant"
#: Responses of the engine that say nothing about an end.
_UNDER_WAY = frozenset({ResponseState.GRANTED, ResponseState.DELAYED})


@transaction
def apply_responses(*, responses: Sequence[RequestAnswered], at: datetime) -> list[Dropped]:
    """End the executions whose requests have ended; return the responses that no execution was found for.

    A response that comes again, or after the end, changes nothing; the files that came with it are discarded.
    """
    ends = [
        (position, response)
        for position, response in enumerate(responses)
        if response.state not in _UNDER_WAY
    ]
    open_ones = _locked([response for _, response in ends])
    ended: dict[UUID, tuple[Execution, Outcome]] = {}
    dropped, late = [], []
    for position, response in ends:
        execution = open_ones.get((response.tenant, response.request_id or ""))
        if execution is None:
            dropped.append(Dropped(position, f"No open execution {response.request_id}"))
            late.append(response)
        elif execution.pk in ended:
            late.append(response)
        else:
            ended[execution.pk] = (execution, _outcome(response))
    finish(ended=list(ended.values()), at=at)
    release(processes={(each.tenant_id, each.process_id) for each, _ in ended.values()}, at=at)
    _discard_files(late)
    return dropped


def _discard_files(late: Sequence[RequestAnswered]) -> None:
    """Have the files removed that came after the end; those of an execution that keeps files go with it."""
    made = {
        (response.tenant, UUID(response.request_id))
        for response in late
        if is_uuid(response.request_id) and _outcome(response).files
    }
    if not made:
        return
    outputs = OutputFile.objects.across_tenants(because=_THESE).filter(execution=OuterRef("pk"))
    ended = Execution.objects.across_tenants(because=_THESE).filter(deadline_at__isnull=True)
    empty = ended.filter(~Exists(outputs), pk__in=[pk for _, pk in made])
    found = empty.values_list("tenant_id", "tenant__name", "pk")
    unneeded_folders.note(folders=[(key, str(pk)) for key, name, pk in found if (name, pk) in made])


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
