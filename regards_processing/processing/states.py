"""The statuses of an execution and the moves between them, as data."""

from collections.abc import Mapping
from typing import Final

from django.db.models import TextChoices


class ExecutionStatus(TextChoices):
    """Where an execution is; the names are the contract's."""

    #: Ordered; no fleet has begun with it.
    REGISTERED = "REGISTERED"
    #: A fleet brings its files.
    PREPARE = "PREPARE"
    #: Its plugin works.
    RUNNING = "RUNNING"
    #: Paused.
    PENDING = "PENDING"
    #: Its folder is being removed.
    CLEANUP = "CLEANUP"
    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"
    CANCELLED = "CANCELLED"
    TIMED_OUT = "TIMED_OUT"


FINAL: Final = frozenset(
    {
        ExecutionStatus.SUCCESS,
        ExecutionStatus.FAILURE,
        ExecutionStatus.CANCELLED,
        ExecutionStatus.TIMED_OUT,
    }
)
#: Those that ended so may be tried again.
RETRYABLE: Final = FINAL - {ExecutionStatus.SUCCESS}
#: Something must still happen to these.
OPEN: Final = frozenset(ExecutionStatus) - FINAL
#: Whatever is open may become anything; the first final status stays.
MOVES: Final[Mapping[ExecutionStatus, frozenset[ExecutionStatus]]] = {
    status: frozenset(ExecutionStatus) for status in OPEN
}
