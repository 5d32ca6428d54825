"""A parallel step that is under way: its branches, and what they make of their request. Pure; no database."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from worker_manager.answer_rules import named_dispatch
from worker_manager.states import AWAITING_ANSWER, BRANCHES_SAY, ENDED, FAILED, RequestStatus

if TYPE_CHECKING:
    from worker_manager.models import Request
    from worker_manager.workflow_plan import PlanStep


@dataclass(slots=True, kw_only=True)
class Fork:
    """The branches of the step that a request is at, in memory while the request is locked.

    Each branch is a request for one worker type: what is true of requests is true of branches.
    """

    step: PlanStep
    #: In the order of the members.
    branches: Sequence[Request]
    #: Dispatches of the request when the branches were read, or begun.
    counted: int
    #: Nothing of them is stored yet.
    begun: bool = False
    #: The client is told where its request is now.
    told: bool = False
    #: Rows as they were read, by position: primary key and values.
    stored: dict[int, tuple[int, tuple[Any, ...]]] = field(default_factory=dict)
    #: Bytes that the branches had made when they were read, and that are in their rows.
    made_size: int = 0

    @property
    def sent(self) -> list[Request]:
        """The branches that were dispatched since they were read."""
        return [
            branch
            for branch in self.branches
            if branch.attempt > self.counted and branch.status == RequestStatus.DISPATCHED
        ]

    @property
    def in_flight_before(self) -> list[str]:
        """The worker types of the branches that were out when they were read."""
        return [
            self.branches[position].step_worker_type or ""
            for position, (_, values) in self.stored.items()
            if values[0] in AWAITING_ANSWER
        ]

    @property
    def out(self) -> list[Request]:
        """The branches that a worker has, or will get."""
        return [branch for branch in self.branches if branch.status in AWAITING_ANSWER]

    @property
    def failed(self) -> list[Request]:
        """The branches that ended without success."""
        return [branch for branch in self.branches if branch.status in FAILED]

    @property
    def ended(self) -> bool:
        """Whether nothing is outstanding."""
        return all(branch.status in ENDED for branch in self.branches)

    @property
    def succeeded(self) -> bool:
        """Whether every branch has succeeded."""
        return all(branch.status == RequestStatus.SUCCESS for branch in self.branches)


def parts(requests: Iterable[Request]) -> list[Request]:
    """Return what is dispatched by itself: requests, and branches of those that are at a parallel step."""
    return [part for row in requests for part in ((row,) if row.fork is None else row.fork.branches)]


def sent(requests: Sequence[Request]) -> list[Request]:
    """Return what was dispatched in a bulk: requests, and branches of those that are at a parallel step."""
    whole = [row for row in requests if row.fork is None and row.status == RequestStatus.DISPATCHED]
    return whole + [branch for row in requests if row.fork is not None for branch in row.fork.sent]


def status_of(statuses: Iterable[str]) -> RequestStatus:
    """Return what a request is whose branches are these; `SUCCESS` only when all of them are."""
    present = set(statuses)
    return next((status for status in BRANCHES_SAY if status in present), RequestStatus.SUCCESS)


def told_error(fork: Fork) -> str:
    """Return the error of a request some of whose branches failed: which, how and why."""
    members = len(fork.branches)
    return "; ".join(
        f'worker type "{branch.step_worker_type}" ({position} of {members}) ended in {branch.status}: '
        f"{branch.error or 'no reason was given'}"
        for position, branch in enumerate(fork.branches, start=1)
        if branch.status in FAILED
    )


def addressed(fork: Fork, dispatch_id: str | None) -> Request | str:
    """Return the branch that a message is about; or why that cannot be said.

    Our workers name the dispatch that they answer. A message without it counts when one branch alone is with
    a worker that need not.
    """
    named = named_dispatch(dispatch_id)
    if named:
        found = [branch for branch in fork.branches if branch.attempt and branch.dispatch_id == named]
        return found[0] if found else f"it names dispatch {named}, the current ones are {_current(fork)}"
    unnamed = [branch for branch in fork.out if not branch.dispatched_to_celery]
    if len(unnamed) == 1:
        return unnamed[0]
    return f"it names no dispatch, and {len(unnamed)} branches are with workers that need not"


def _current(fork: Fork) -> str:
    return ", ".join(branch.dispatch_id for branch in fork.branches if branch.attempt) or "none"
