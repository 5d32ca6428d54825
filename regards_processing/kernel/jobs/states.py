"""The states of an operator job and the moves between them, as data."""

from collections.abc import Mapping
from typing import Final

from django.db.models import TextChoices


class JobState(TextChoices):
    """Where a job is."""

    #: Waits for the turn of its tenant.
    PENDING = "PENDING"
    #: Its message is on the way to a jobs worker.
    QUEUED = "QUEUED"
    #: A jobs worker does its pages.
    RUNNING = "RUNNING"
    #: Every page is done.
    SUCCEEDED = "SUCCEEDED"
    #: A page failed, or too many runs were lost.
    FAILED = "FAILED"
    #: Somebody cancelled it.
    ABORTED = "ABORTED"


_S = JobState

MOVES: Final[Mapping[JobState, frozenset[JobState]]] = {
    _S.PENDING: frozenset({_S.QUEUED, _S.ABORTED}),
    # Back to PENDING: its message was lost.
    _S.QUEUED: frozenset({_S.RUNNING, _S.PENDING, _S.ABORTED}),
    # Back to PENDING: its slice of time is over, or the run was lost.
    _S.RUNNING: frozenset({_S.SUCCEEDED, _S.FAILED, _S.ABORTED, _S.PENDING}),
}
#: No move leads out of these.
FINAL: Final = frozenset(JobState).difference(MOVES)
#: What takes a place at the jobs workers.
ACTIVE: Final = frozenset({_S.QUEUED, _S.RUNNING})
#: Nobody has begun with these: they can be cancelled at once.
NOT_BEGUN: Final = frozenset({_S.PENDING, _S.QUEUED})
