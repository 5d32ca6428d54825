"""Attempts that ended without a result: a new one, or the end."""

import zlib
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings

from worker_manager.models import Request
from worker_manager.policy import UNSET, Failure, Policy, Retry, last_words, verdict
from worker_manager.queries import LiveTypes
from worker_manager.services import dispatch
from worker_manager.services.moves import end_attempt, move
from worker_manager.states import RequestStatus
from worker_manager.trail import Ending, Outcome
from worker_manager.workflow_plan import Plan

_CHANCES: Final = 2**32


def failed(
    *,
    request: Request,
    failure: Failure,
    reason: str | None,
    plan: Plan | None,
    live: LiveTypes,
    at: datetime,
) -> None:
    """Open a new attempt at the current step, at once or later, or end the request, as its policy says."""
    ending = Ending(outcome=Outcome(failure.value), message=reason)
    end_attempt(request=request, ending=ending, at=at)
    request.lost_attempts += 1
    decided = verdict(
        policy_of(request=request, plan=plan),
        failure,
        failed=request.lost_attempts,
        default_attempts=settings.MAX_LOST_ATTEMPTS,
        chance=_chance(request.dispatch_id),
    )
    request.error = reason
    if not isinstance(decided, Retry):
        request.error = last_words(failure, reason, attempts=decided.attempts)
        move(request=request, to=_END.get(failure, RequestStatus.ERROR), at=at)
    elif decided.after:
        request.due_at, request.worker_id = at + timedelta(seconds=decided.after), None
        move(request=request, to=RequestStatus.TO_DISPATCH, at=at)
    else:
        dispatch.assign(request=request, plan=plan, live=live, at=at)


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


def policy_of(*, request: Request, plan: Plan | None) -> Policy:
    """Return the policy of the step that a dispatched request is at."""
    step = dispatch.current_step(request=request, plan=plan)
    return step.policy if step else UNSET


#: How a request ends by what ended its last attempt; the others end in ERROR.
_END: Final = {Failure.INVALID_CONTENT: RequestStatus.INVALID_CONTENT}


def _chance(dispatch_id: str) -> float:
    """Return a number from 0 up to 1 that is another one for each attempt."""
    return zlib.crc32(dispatch_id.encode()) / _CHANCES
