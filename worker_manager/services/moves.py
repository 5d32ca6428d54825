"""The one place where a request moves."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Final

from django.conf import settings

from regards_processing.kernel.db import rows
from regards_processing.kernel.errors import DomainError
from worker_manager import trail
from worker_manager.models import FinishedRequest, Request
from worker_manager.services import branch_rows
from worker_manager.states import AWAITING_ANSWER, MOVES, RequestStatus
from worker_manager.trail import Ending, Outcome

_MOVED: Final = (
    "status",
    "dispatched_worker_type",
    "step_number",
    "repeats",
    "step_worker_type",
    "error",
    "attempt",
    "parent_dispatch",
    "lost_attempts",
    "dispatched_to_celery",
    "due_at",
    "moved_at",
    "deadline_at",
    "worker_id",
    "trail",
)
#: Column of the history, and the attribute of the request that fills it.
_REMEMBERED: Final = {
    "tenant": "tenant_id",
    "request_id": "request_id",
    "content_type": "content_type",
    "source": "source",
    "session": "session",
    "status": "status",
    "worker_type": "dispatched_worker_type",
    "digest": "digest",
    "error": "error",
    "creation_date": "creation_date",
    "finished_at": "moved_at",
    "attempts": "attempt",
    "priority": "priority",
    "worker_id": "worker_id",
    "trail": "trail",
}
_in_short: Final = attrgetter(*_REMEMBERED.values())
#: How an attempt ended whose end was not noted before its request moved on.
_OUTCOMES: Final = {
    RequestStatus.SUCCESS: Outcome.SUCCESS,
    RequestStatus.ERROR: Outcome.ERROR,
    RequestStatus.INVALID_CONTENT: Outcome.INVALID_CONTENT,
    RequestStatus.TO_DISPATCH: Outcome.POSTPONED,
    RequestStatus.CANCELED: Outcome.CANCELED,
}


class IllegalMove(DomainError):
    """A request cannot go from this status to that one."""

    code = "ILLEGAL_MOVE"
    http_status = 409


def move(*, request: Request, to: RequestStatus, at: datetime, within: float | None = None) -> None:
    """Move a locked request in memory, and note in its trail what that begins and ends; `save` writes it.

    ``within`` are the seconds that a worker has for its next sign, where one is awaited.

    Raises:
        IllegalMove: no such move is in `states.MOVES`.
    """
    before = RequestStatus(request.status)
    if to not in MOVES.get(before, ()):
        raise IllegalMove(f"Request {request.request_id} cannot go from {request.status} to {to}")
    request.status = to
    request.moved_at = at
    request.deadline_at = None if within is None else at + timedelta(seconds=within)
    if before in AWAITING_ANSWER and to != RequestStatus.RUNNING:
        end_attempt(request=request, ending=Ending(outcome=_OUTCOMES.get(to, Outcome.LOST)), at=at)
    if to == RequestStatus.DISPATCHED and request.fork is None:
        request.trail = trail.dispatched(
            request.trail,
            step=request.step_number,
            attempt=request.attempt,
            worker_type=request.dispatched_worker_type or "",
            repeats=request.repeats,
            at=at,
            kept=settings.TRAIL_ATTEMPTS,
        )
    elif to == RequestStatus.RUNNING and before == RequestStatus.DISPATCHED and trail.is_open(request.trail):
        request.trail = trail.started(
            request.trail, attempt=request.attempt, at=at, worker_id=request.worker_id
        )


def end_attempt(*, request: Request, ending: Ending, at: datetime) -> None:
    """Note how the attempt of a locked request ended, unless that was noted before.

    Whoever knows more of an end than the request's next status says calls this before the request moves on.
    """
    if trail.is_open(request.trail):
        request.trail, ended = trail.ended(request.trail, ending=ending, at=at)
        request.ended_attempts = (*request.ended_attempts, ended)


def save(
    *,
    requests: Sequence[Request],
    heavy: Mapping[int, frozenset[str]],
    others: frozenset[str] = frozenset(),
) -> None:
    """Write moved requests; ``heavy`` names, by primary key, the heavy columns that are new as well.

    ``others`` are columns that are new for all of them.

    One statement for each combination of heavy columns, of which there are few.
    """
    groups: dict[frozenset[str], list[Request]] = {}
    for request in requests:
        groups.setdefault(heavy.get(request.id, frozenset()), []).append(request)
    for extra, group in groups.items():
        columns = (*_MOVED, *sorted(extra | others))
        rows.update(model=Request, columns=columns, rows=list(map(attrgetter("id", *columns), group)))


def finish(*, requests: Sequence[Request]) -> None:
    """Take requests out of the table and remember them in short."""
    if not requests:
        return
    remembered = list(map(_in_short, requests))
    rows.insert(model=FinishedRequest, columns=list(_REMEMBERED), rows=remembered)
    branch_rows.forget(requests=requests)
    rows.delete(model=Request, keys=[request.id for request in requests])
