"""Count requests for their sessions: each bulk adds a row for each session that it changed.

Rows are only added here: had each session one row, the managers would wait for each other.
`services.session_steps` folds what was added into the steps.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from regards_processing.kernel.db import rows
from worker_manager.models import Request, SessionChange
from worker_manager.session_counters import SUMS, Change, Move, Place, SessionKey, net_changes
from worker_manager.states import RequestStatus

_COUNTS: Final = ("properties", *SUMS)
_COLUMNS: Final = ("tenant", "source", "session", *_COUNTS, "changed_at")


def place(request: Request) -> Place:
    """Return where a request counts now: nowhere, when an operator has cancelled it."""
    if request.status == RequestStatus.CANCELED:
        return None
    return request.status, request.dispatched_worker_type


def received(*, requests: Sequence[Request], at: datetime) -> None:
    """Count new requests, in the transaction that stores them."""
    _count(((_session(request), None, place(request)) for request in requests), at)


def moved(*, requests: Sequence[Request], before: Mapping[int, Place], at: datetime) -> None:
    """Count requests where they are now, and no more where they were ``before``, by primary key.

    Some may leave the table: their session remembers how they ended.
    """
    _count(((_session(request), before[request.id], place(request)) for request in requests), at)


def deleted(*, requests: Sequence[Request], before: Mapping[int, Place], at: datetime) -> None:
    """Count requests no more, because an operator deleted them."""
    _count(((_session(request), before[request.id], None) for request in requests), at)


def store(*, changes: Mapping[SessionKey, Change], at: datetime) -> None:
    """Add rows with what changes, one for each session; one statement."""
    values = [[*key, *(getattr(change, name) for name in _COUNTS), at] for key, change in changes.items()]
    rows.insert(model=SessionChange, columns=_COLUMNS, rows=values)


def _count(moves: Iterable[Move], at: datetime) -> None:
    store(changes=net_changes(moves), at=at)


def _session(request: Request) -> SessionKey:
    return request.tenant_id, request.source, request.session
