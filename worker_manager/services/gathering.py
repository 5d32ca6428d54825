"""End parallel steps all of whose branches have succeeded."""

from collections.abc import Iterable, Mapping
from datetime import datetime

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
        _go_on(request, made, live=live, at=at)
        heavy[request.pk] = frozenset({"content", "headers"})


def _go_on(request: Request, made: _Results, *, live: LiveTypes, at: datetime) -> None:
    plan, fork = Plan.from_json(request.plan or {}), request.fork
    results = [made[request.pk, position] for position, _ in enumerate(fork.branches if fork else ())]
    content = gather(content for content, _ in results)
    headers = gather_headers(headers for _, headers in results) or None
    following = plan.after(request.step_number, headers)
    request.fork = request.error = None
    if following is None:
        request.content = content
        move(request=request, to=RequestStatus.SUCCESS, at=at)
    else:
        dispatch.advance(
            request=request, step=following, content=content, headers=headers, plan=plan, live=live, at=at
        )
