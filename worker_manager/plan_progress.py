"""How far a request is in its plan. Pure; no database."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from worker_manager.workflow_plan import Plan, PlanStep
from workers.contract.conditions import Condition


class StepState(StrEnum):
    """Where a step of a plan is."""

    DONE = "DONE"
    #: Its condition did not hold.
    LEFT_OUT = "LEFT_OUT"
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
    #: The step is, or was, left out where this does not hold.
    condition: Condition | None = None


def planned_steps(
    *, plan: Plan | None, step_number: int, begun: bool, taken: Collection[int]
) -> tuple[PlannedStep, ...]:
    """Return the steps of a plan.

    Args:
        plan: what the request follows, if that is known.
        step_number: the step that it is at.
        begun: whether it is at that step already; if not, it is about to start with the first one.
        taken: numbers of the steps that were dispatched.
    """
    if plan is None:
        return ()
    current = step_number if begun else plan.first.number
    return tuple(
        PlannedStep(
            number=step.number,
            worker_types=step.workers,
            state=_state(step, current, taken),
            condition=step.condition,
        )
        for step in plan.steps
    )


def _state(step: PlanStep, current: int, taken: Collection[int]) -> StepState:
    if step.number == current:
        return StepState.CURRENT
    if step.number > current:
        return StepState.AHEAD
    return StepState.LEFT_OUT if step.condition and step.number not in taken else StepState.DONE
