"""Move the branches of a parallel step, and the request that they are of."""

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from django.conf import settings

from worker_manager import forks, trail
from worker_manager.forks import Fork
from worker_manager.models import Request
from worker_manager.queries import LiveTypes
from worker_manager.services import branch_rows
from worker_manager.services.moves import move
from worker_manager.states import AWAITING_ANSWER, CANCELABLE, ENDED, FAILED, FINAL, RequestStatus
from worker_manager.workflow_plan import Plan, PlanStep


class Assign(Protocol):
    """Dispatches a request for one worker type, or has it wait."""

    def __call__(self, *, request: Request, plan: Plan | None, live: LiveTypes, at: datetime) -> None:
        """Do so."""


def assign(
    *, request: Request, plan: Plan, step: PlanStep, live: LiveTypes, at: datetime, each: Assign
) -> None:
    """Dispatch the branches of a parallel step that can go; others wait, each by itself.

    The step begins with its first dispatch. When all of its branches have ended, those that failed are
    carried out again: what the others made is kept.
    """
    if request.fork is None or request.fork.step.number != step.number:
        if not request.plan and live.keys().isdisjoint(step.workers):
            # As long as nothing of it was granted, the request follows today's configuration.
            request.step_worker_type, request.due_at = step.worker_type, None
            move(request=request, to=RequestStatus.NO_WORKER_AVAILABLE, at=at)
            return
        request.plan, request.step_number = plan.to_json(), step.number
        request.fork = branch_rows.begin(request=request, step=step)
        request.fork.told = True
    elif request.fork.ended:
        _reopen(request.fork, at)
    for branch in request.fork.branches:
        if _can_go(branch, live, at):
            each(request=branch, plan=Plan.from_json(branch.plan or {}), live=live, at=at)
    follow(request=request, at=at)


def _reopen(fork: Fork, at: datetime) -> None:
    for branch in fork.failed:
        branch.lost_attempts, branch.due_at = 0, None
        move(request=branch, to=RequestStatus.TO_DISPATCH, at=at)
    fork.told = True


def _can_go(branch: Request, live: LiveTypes, at: datetime) -> bool:
    if branch.status == RequestStatus.NO_WORKER_AVAILABLE:
        return branch.step_worker_type in live
    return branch.status == RequestStatus.TO_DISPATCH and (branch.due_at is None or branch.due_at <= at)


def cancel(*, request: Request, at: datetime) -> None:
    """End the branches of a request that nobody awaits any more; those that have ended stay."""
    for branch in request.fork.branches if request.fork else ():
        if branch.status in CANCELABLE:
            move(request=branch, to=RequestStatus.CANCELED, at=at)


def follow_all(*, requests: Iterable[Request], at: datetime) -> None:
    """Move requests to where their branches are."""
    for request in requests:
        follow(request=request, at=at)


def follow(*, request: Request, at: datetime) -> None:
    """Move a request to where its branches are; one all of whose branches succeeded stays for `gathering`."""
    fork = request.fork
    if fork is None:
        return
    _take_over_trails(request, fork)
    if fork.succeeded or request.status in FINAL:
        return
    to = forks.status_of(branch.status for branch in fork.branches)
    named = _named(fork, to)
    # Its branches are counted and waited for, each by its own worker type.
    request.step_worker_type = None
    request.error = forks.told_error(fork) or None
    request.worker_id = None
    if any(branch.attempt for branch in fork.branches):
        request.dispatched_worker_type = (named if to in FAILED else fork.branches[0]).step_worker_type
    _move(request, fork, to, at)
    request.due_at = named.due_at if to == RequestStatus.TO_DISPATCH else None
    request.deadline_at = min((branch.deadline_at for branch in fork.out if branch.deadline_at), default=None)


def _move(request: Request, fork: Fork, to: RequestStatus, at: datetime) -> None:
    if to == request.status:
        request.moved_at = at
        return
    waits, waited = (
        status == RequestStatus.NO_WORKER_AVAILABLE for status in (to, RequestStatus(request.status))
    )
    fork.told = fork.told or waits or (waited and to in {RequestStatus.DISPATCHED, RequestStatus.TO_DISPATCH})
    move(request=request, to=to, at=at)


def _named(fork: Fork, status: RequestStatus) -> Request:
    """Return the branch that a request goes by: of those that make its status the first, or next to go."""
    if status in AWAITING_ANSWER:
        return fork.branches[0]
    concerned = [branch for branch in fork.branches if branch.status == status]
    if status == RequestStatus.TO_DISPATCH:
        return min(concerned, key=lambda branch: branch.due_at or branch.moved_at)
    return concerned[0]


def _take_over_trails(request: Request, fork: Fork) -> None:
    for branch in fork.branches:
        request.ended_attempts = (*request.ended_attempts, *branch.ended_attempts)
        branch.ended_attempts = ()
        if branch.trail and not trail.is_open(branch.trail):
            kept = settings.TRAIL_ATTEMPTS * len(fork.branches)
            request.trail = trail.joined(request.trail, branch.trail, step=fork.step.number, kept=kept)
            branch.trail = ""


def is_told(request: Request) -> bool:
    """Tell whether a request that was moved has moved for its client, and not for its branches alone."""
    return request.fork is None or request.fork.told or request.status in ENDED
