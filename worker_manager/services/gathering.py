"""End parallel steps all of whose branches have succeeded."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from worker_manager.answer_rules import Advance, End, Failed, what_follows
from worker_manager.models import Request
from worker_manager.queries import LiveTypes
from worker_manager.services import branch_rows, branches, dispatch
from worker_manager.services.branch_rows import BranchKey
from worker_manager.services.moves import move
from worker_manager.states import RequestStatus
from worker_manager.workflow_plan import Plan
from workers.contract.gathering import gather, gather_headers

_Results = Mapping[BranchKey, tuple[bytes, Mapping[str, str] | None]]


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
            heavy[request.pk] = frozenset({"content", "headers"})


def _goes_on(request: Request, made: _Results, *, live: LiveTypes, at: datetime) -> bool:
    """End the parallel step of a request; tell whether another step follows."""
    plan, fork = Plan.from_json(request.plan or {}), request.fork
    results = [made[request.pk, position] for position, _ in enumerate(fork.branches if fork else ())]
    content = gather(content for content, _ in results)
    headers = gather_headers(headers for _, headers in results) or None
    place = dispatch.place_of(request=request, plan=plan)
    request.fork = request.error = None
    match what_follows(place=place, headers=headers, content=content, request_id=request.request_id):
        case Advance() as following:
            dispatch.advance(request=request, to=following, plan=plan, live=live, at=at)
            return True
        case End() as end:
            request.content, request.headers = end.content, end.headers
            move(request=request, to=RequestStatus.SUCCESS, at=at)
        case Failed(reason=reason):
            request.error = reason
            move(request=request, to=RequestStatus.ERROR, at=at)
    return False
