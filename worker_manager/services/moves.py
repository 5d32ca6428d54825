"""The one place where a request moves."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from regards_processing.kernel.db import rows
from regards_processing.kernel.errors import DomainError
from worker_manager.models import FinishedRequest, Request
from worker_manager.states import MOVES, RequestStatus

_MOVED: Final = (
    "status",
    "dispatched_worker_type",
    "step_number",
    "step_worker_type",
    "error",
    "attempt",
    "parent_dispatch",
    "lost_attempts",
    "dispatched_to_celery",
    "due_at",
    "moved_at",
    "worker_id",
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
}


class IllegalMove(DomainError):
    """A request cannot go from this status to that one."""

    code = "ILLEGAL_MOVE"
    http_status = 409


def move(*, request: Request, to: RequestStatus, at: datetime) -> None:
    """Move a locked request in memory; `save` writes it.

    Raises:
        IllegalMove: no such move is in `states.MOVES`.
    """
    if to not in MOVES.get(RequestStatus(request.status), ()):
        raise IllegalMove(f"Request {request.request_id} cannot go from {request.status} to {to}")
    request.status = to
    request.moved_at = at


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
        groups.setdefault(heavy.get(request.pk, frozenset()), []).append(request)
    for extra, group in groups.items():
        columns = (*_MOVED, *sorted(extra | others))
        values = [[request.pk, *(getattr(request, column) for column in columns)] for request in group]
        rows.update(model=Request, columns=columns, rows=values)


def finish(*, requests: Sequence[Request]) -> None:
    """Take requests out of the table and remember them in short."""
    if not requests:
        return
    remembered = [[getattr(request, name) for name in _REMEMBERED.values()] for request in requests]
    rows.insert_new(model=FinishedRequest, columns=list(_REMEMBERED), rows=remembered, returning=("id",))
    rows.delete(model=Request, keys=[request.pk for request in requests])
