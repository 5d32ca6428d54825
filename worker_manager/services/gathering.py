"""End parallel steps all of whose branches have succeeded."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from regards_processing.kernel.errors import DomainError
from worker_manager.answer_rules import Advance, End, Failed, what_follows
from worker_manager.models import Request
from worker_manager.queries import LiveTypes
from worker_manager.services import branch_rows, branches, dispatch
from worker_manager.services.branch_rows import BranchKey
from worker_manager.services.moves import move
from worker_manager.states import RequestStatus
from worker_manager.workflow_plan import Plan
from workers.contract.content_folder import ContentLost
from workers.contract.gathering import gather, gather_headers
from workers.contract.stored_content import MOST_BYTES, Content, StoredContent

_Results = Mapping[BranchKey, tuple[Content, Mapping[str, str] | None]]
_TOO_LARGE: Final = "The gathered contents have {size} bytes, the limit is {limit}"


class GatheredTooLarge(DomainError):
    """What the branches of a parallel step have made is too large together."""

    code = "GATHERED_TOO_LARGE"


def conclude(
    *, requests: Iterable[Request], heavy: dict[int, frozenset[str]], live: LiveTypes, at: datetime
) -> None:
    """Have requests go on with what their branches made; one statement if there are any.

    Args:
        requests: those that a bulk moved.
        heavy: is told which heavy columns are new.
        live: worker types that somebody serves.
        at: time of the move.
    """
    done = [request for request in requests if request.fork is not None and request.fork.succeeded]
    if not done:
        return
    made = branch_rows.results(requests=done)
    for request in done:
        branches.follow(request=request, at=at)
        if _goes_on(request, made, live=live, at=at):
            heavy[request.pk] = dispatch.NEW_STEP


def _goes_on(request: Request, made: _Results, *, live: LiveTypes, at: datetime) -> bool:
    """End the parallel step of a request; tell whether another step follows."""
    plan, fork = Plan.from_json(request.plan or {}), request.fork
    results = [made[request.pk, position] for position, _ in enumerate(fork.branches if fork else ())]
    headers = gather_headers(headers for _, headers in results) or None
    place = dispatch.place_of(request=request, plan=plan)
    request.fork = request.error = None
    try:
        content = _gathered(request, [content for content, _ in results], live)
    except (ContentLost, GatheredTooLarge) as error:
        _fail(request, str(error), at)
        return False
    match what_follows(place=place, headers=headers, content=content, request_id=request.request_id):
        case Advance() as following:
            if any(isinstance(made, StoredContent) for made, _ in results):
                following = replace(following, content=live.contents.keep(request=request, content=content))
            dispatch.advance(request=request, to=following, plan=plan, live=live, at=at)
            return True
        case End() as end:
            request.take(end.content)
            request.headers = end.headers
            move(request=request, to=RequestStatus.SUCCESS, at=at)
        case Failed(reason=reason):
            _fail(request, reason, at)
    return False


def _gathered(request: Request, contents: Sequence[Content], live: LiveTypes) -> bytes:
    """Return the contents of all members as one.

    Raises:
        ContentLost: one of them cannot be had any more.
        GatheredTooLarge: no message could carry them.
    """
    gathered = gather(live.contents.bytes_of(request=request, content=content) for content in contents)
    if len(gathered) > MOST_BYTES:
        raise GatheredTooLarge(_TOO_LARGE.format(size=len(gathered), limit=MOST_BYTES))
    return gathered


def _fail(request: Request, reason: str | None, at: datetime) -> None:
    request.error = reason
    move(request=request, to=RequestStatus.ERROR, at=at)
