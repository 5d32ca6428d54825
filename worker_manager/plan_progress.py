"""How far a request is in its plan. Pure; no database."""

from dataclasses import dataclass
from enum import StrEnum

from worker_manager.workflow_plan import Plan


class StepState(StrEnum):
    """Where a step of a plan is."""

    DONE = "DONE"
    #: The request is at it, or starts with it.
    CURRENT = "CURRENT"
    AHEAD = "AHEAD"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedStep:
    """One step of the plan of a request."""

    number: int
    #: Several work in parallel.
    worker_types: tuple[str, ...]
    state: StepState


def planned_steps(*, plan: Plan | None, step_number: int, begun: bool) -> tuple[PlannedStep, ...]:
    """Return the steps of a plan; a request that has not ``begun`` is about to start with the first one."""
    if plan is None:
        return ()
    current = step_number if begun else plan.first.number
    return tuple(
        PlannedStep(number=step.number, worker_types=step.workers, state=_state(step.number, current))
        for step in plan.steps
    )


def _state(number: int, current: int) -> StepState:
    if number == current:
        return StepState.CURRENT
    return StepState.DONE if number < current else StepState.AHEAD
