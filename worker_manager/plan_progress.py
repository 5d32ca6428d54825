"""How far a request is in its plan. Pure; no database."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from worker_manager.workflow_plan import Plan, PlanStep
from workers.contract.conditions import Condition
from workers.contract.itinerary import Loop


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
    #: The loop that it is in, and the rounds that were before the one in which it was dispatched last, or is
    #: about to be.
    loop: Loop | None = None
    repeats: int = 0


@dataclass(frozen=True, slots=True)
class _Here:
    """The step that a request is at."""

    number: int
    repeats: int
    loop: Loop | None


def planned_steps(
    *, plan: Plan | None, step_number: int, begun: bool, taken: Mapping[int, int], repeats: int = 0
) -> tuple[PlannedStep, ...]:
    """Return the steps of a plan.

    Args:
        plan: what the request follows, if that is known.
        step_number: the step that it is at.
        begun: whether it is at that step already; if not, it is about to start with the first one.
        taken: steps that were dispatched, with the rounds of their loop that were before the last time.
        repeats: rounds that were before, of the loop that the request is in.
    """
    if plan is None:
        return ()
    number = step_number if begun else plan.first.number
    here = _Here(number, repeats, plan.loop_of(number))
    return tuple(
        PlannedStep(
            number=step.number,
            worker_types=step.workers,
            state=_state(step, here, taken.get(step.number)),
            condition=step.condition,
            loop=plan.loop_of(step.number),
            repeats=repeats if step.number == number else taken.get(step.number, 0),
        )
        for step in plan.steps
    )


def _state(step: PlanStep, here: _Here, taken: int | None) -> StepState:
    if step.number == here.number:
        return StepState.CURRENT
    if step.number > here.number:
        return StepState.AHEAD
    of_this_round = taken == here.repeats or not here.loop or step.number not in here.loop
    done = not step.condition or (taken is not None and of_this_round)
    return StepState.DONE if done else StepState.LEFT_OUT
