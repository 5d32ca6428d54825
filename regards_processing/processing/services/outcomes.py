"""What the engine answers to the requests that are executions."""

from collections.abc import Mapping, Sequence
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
from worker_manager.services.progress import taken_in

_THESE: Final = "these very executions are meant"
#: Responses of the engine that say nothing about an end.
_UNDER_WAY = frozenset({ResponseState.GRANTED, ResponseState.DELAYED})


@transaction
def apply_responses(*, responses: Sequence[RequestAnswered], at: datetime) -> list[Dropped]:
    """End the executions whose requests have ended; return the responses that no execution was found for.

    A response that comes again, or after the end, changes nothing; the files that came with it are discarded.
    Neither does the refusal of a request whose execution the engine has: somebody else used its id.
    """
    ends = [
        (position, response)
        for position, response in enumerate(responses)
        if response.state not in _UNDER_WAY
    ]
    open_ones = _locked([response for _, response in ends])
    taken = _taken_in(ends, open_ones)
    ended: dict[UUID, tuple[Execution, Outcome]] = {}
    dropped, late = [], []
    for position, response in ends:
        execution = open_ones.get(_name(response))
        if execution is None:
            dropped.append(Dropped(position, f"No open execution {response.request_id}"))
            late.append(response)
        elif execution.pk in ended or (response.state is ResponseState.SKIPPED and execution.pk in taken):
            late.append(response)
        else:
            ended[execution.pk] = (execution, _outcome(response))
    finish(ended=list(ended.values()), at=at)
    release(processes={(each.tenant_id, each.process_id) for each, _ in ended.values()}, at=at)
    _discard_files(late)
    return dropped


def _name(response: RequestAnswered) -> tuple[str, str]:
    return response.tenant, response.request_id or ""


def _taken_in(
    ends: Sequence[tuple[int, RequestAnswered]], open_ones: Mapping[tuple[str, str], Execution]
) -> set[UUID]:
    """Return the executions that the engine has, of those whose requests are said to be refused."""
    names = {_name(response) for _, response in ends if response.state is ResponseState.SKIPPED}
    refused = {
        (execution.tenant_id, str(execution.pk)) for name, execution in open_ones.items() if name in names
    }
    return {UUID(request_id) for _, request_id in taken_in(keys=refused)}


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
