"""Attempts that ended without a result: a new one, or the end."""

from datetime import datetime, timedelta

from django.conf import settings

from worker_manager.models import Request
from worker_manager.queries import LiveTypes
from worker_manager.services import dispatch
from worker_manager.services.moves import end_attempt, move
from worker_manager.states import RequestStatus
from worker_manager.trail import Ending, Outcome
from worker_manager.workflow_plan import Plan


def lost(
    *, request: Request, reason: str, live: LiveTypes, at: datetime, outcome: Outcome = Outcome.LOST
) -> None:
    """Open a new attempt at the current step, or end the request in ERROR after the last allowed one."""
    end_attempt(request=request, ending=Ending(outcome=outcome, message=reason), at=at)
    request.lost_attempts += 1
    if request.lost_attempts >= settings.MAX_LOST_ATTEMPTS:
        request.error = f"Given up after {request.lost_attempts} attempts without an answer: {reason}"
        move(request=request, to=RequestStatus.ERROR, at=at)
        return
    request.error = reason
    dispatch.assign(request=request, plan=Plan.from_json(request.plan or {}), live=live, at=at)


def postponed(*, request: Request, seconds: float, reason: str | None, at: datetime) -> None:
    """Let a request wait for its next attempt, or end it in ERROR after the last allowed one."""
    if request.attempt >= settings.MAX_ATTEMPTS:
        request.error = (
            f"Given up after {request.attempt} attempts: {reason or 'the worker asked to retry later'}"
        )
        move(request=request, to=RequestStatus.ERROR, at=at)
        return
    request.error = reason
    request.due_at = at + timedelta(seconds=min(seconds, settings.MAX_POSTPONEMENT))
    move(request=request, to=RequestStatus.TO_DISPATCH, at=at)
