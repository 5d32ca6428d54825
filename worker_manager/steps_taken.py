"""The steps that a request took, summed up from its trail. Pure; no database."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from worker_manager.trail import Attempt, Trail


@dataclass(frozen=True, slots=True, kw_only=True)
class StepTaken:
    """One step of a request, over all its attempts."""

    number: int
    #: That of the last attempt.
    worker_type: str
    #: Dispatches, those included that the trail left out.
    attempts: int
    dispatched_at: datetime
    #: When the last attempt ended, if it has.
    ended_at: datetime | None
    #: Milliseconds in queues and at work, as far as they are known of the attempts kept.
    queue_time: int | None
    run_time: int | None
    #: How the last attempt ended, if it has.
    outcome: str | None
    #: Rounds of the loop that the step is in that were before the last attempt.
    repeats: int = 0


def steps_taken(trail: Trail) -> list[StepTaken]:
    """Return the steps of a trail, in the order in which they were first dispatched."""
    by_step: dict[int, list[Attempt]] = {}
    for attempt in trail.attempts:
        by_step.setdefault(attempt.step, []).append(attempt)
    return [_taken(attempts, trail.left_out.get(step, 0)) for step, attempts in by_step.items()]


def _taken(attempts: list[Attempt], left_out: int) -> StepTaken:
    last = attempts[-1]
    return StepTaken(
        number=last.step,
        worker_type=last.worker_type,
        attempts=len(attempts) + left_out,
        dispatched_at=attempts[0].dispatched_at,
        ended_at=last.ended_at,
        queue_time=_sum(attempt.queue_time for attempt in attempts),
        run_time=_sum(attempt.run_time for attempt in attempts),
        outcome=last.outcome,
        repeats=last.repeats,
    )


def _sum(times: Iterable[int | None]) -> int | None:
    known = [time for time in times if time is not None]
    return sum(known) if known else None
