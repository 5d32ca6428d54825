"""The statuses of a request and the moves between them, as data."""

from collections.abc import Mapping
from typing import Final

from django.db.models import TextChoices


class RequestStatus(TextChoices):
    """Where a request is."""

    #: About to be dispatched: waits for its due time, or is held until there is a place for it.
    TO_DISPATCH = "TO_DISPATCH"
    #: Sent to the queue of its worker type.
    DISPATCHED = "DISPATCHED"
    #: Nothing is configured for the content type, or its worker type is not alive.
    NO_WORKER_AVAILABLE = "NO_WORKER_AVAILABLE"
    #: A worker said that it has started.
    RUNNING = "RUNNING"
    #: A worker refused the content.
    INVALID_CONTENT = "INVALID_CONTENT"
    #: The work failed.
    ERROR = "ERROR"
    #: Done; such rows leave the table in the transaction that made them.
    SUCCESS = "SUCCESS"
    #: Picked by a deletion.
    TO_DELETE = "TO_DELETE"
    #: Ended by an operator before it was done; such rows leave the table in the transaction that made them.
    CANCELED = "CANCELED"


_S = RequestStatus

#: What a new request may be.
INITIAL: Final = frozenset({_S.TO_DISPATCH, _S.DISPATCHED, _S.NO_WORKER_AVAILABLE})

_AFTER_DISPATCH: Final = frozenset(
    # DISPATCHED, TO_DISPATCH and NO_WORKER_AVAILABLE: the next step, or a new attempt at this one.
    {
        _S.RUNNING,
        _S.SUCCESS,
        _S.ERROR,
        _S.INVALID_CONTENT,
        _S.DISPATCHED,
        _S.NO_WORKER_AVAILABLE,
        _S.TO_DISPATCH,
        _S.CANCELED,
    }
)
MOVES: Final[Mapping[RequestStatus, frozenset[RequestStatus]]] = {
    # TO_DISPATCH again: its time has come, but there is no place for it.
    _S.TO_DISPATCH: frozenset({_S.TO_DISPATCH, _S.DISPATCHED, _S.NO_WORKER_AVAILABLE, _S.CANCELED}),
    _S.DISPATCHED: _AFTER_DISPATCH,
    _S.RUNNING: _AFTER_DISPATCH,
    _S.NO_WORKER_AVAILABLE: frozenset({_S.DISPATCHED, _S.TO_DISPATCH, _S.TO_DELETE, _S.ERROR, _S.CANCELED}),
    _S.INVALID_CONTENT: frozenset({_S.TO_DISPATCH, _S.TO_DELETE, _S.ERROR}),
    _S.ERROR: frozenset({_S.TO_DISPATCH, _S.TO_DELETE, _S.ERROR}),
}
#: No move leads out of these: the row goes.
FINAL: Final = frozenset(RequestStatus).difference(MOVES)
#: A worker has the request, or will get it.
AWAITING_ANSWER: Final = frozenset({_S.DISPATCHED, _S.RUNNING})
#: A sweep will dispatch these.
WAITING: Final = frozenset({RequestStatus.NO_WORKER_AVAILABLE, RequestStatus.TO_DISPATCH})
#: Something happens to these by itself.
UNDER_WAY: Final = AWAITING_ANSWER | WAITING
#: Nothing happens to these by itself.
FAILED: Final = frozenset({_S.ERROR, _S.INVALID_CONTENT})
#: What a request is while it has branches: the first of these that one of them is; else all have succeeded.
BRANCHES_SAY: Final = (
    _S.RUNNING,
    _S.DISPATCHED,
    _S.TO_DISPATCH,
    _S.NO_WORKER_AVAILABLE,
    _S.ERROR,
    _S.INVALID_CONTENT,
)
#: An operator may have these carried out again, or deleted.
UP_TO_OPERATORS: Final = frozenset(status for status, targets in MOVES.items() if _S.TO_DELETE in targets)
#: What an operator may cancel: everything that has not ended.
CANCELABLE: Final = frozenset(status for status, targets in MOVES.items() if _S.CANCELED in targets)
#: A dead letter of the request does not change these: a retry or deletion is under way.
UNDER_ORDERS: Final = frozenset({_S.TO_DISPATCH, _S.TO_DELETE})
#: What a row of the requests can be.
STORED: Final = frozenset({*MOVES, RequestStatus.TO_DELETE})
#: What a row of the history can be.
ENDED: Final = frozenset(FINAL | FAILED) - {RequestStatus.TO_DELETE}
