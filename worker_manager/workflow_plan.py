"""What a request goes through: its steps, and what follows what. Pure; no database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class PlanStep:
    """One link of the chain."""

    number: int
    #: Of a parallel step, the first one.
    worker_type: str
    #: Worker types that work in parallel, in the order of their contents; none for a step of one.
    members: tuple[str, ...] = ()

    @classmethod
    def of(cls, number: int, workers: str | Sequence[str]) -> Self:
        """Return the step of one worker type, or of several that work in parallel."""
        if isinstance(workers, str):
            return cls(number, workers)
        return cls(number, workers[0], tuple(workers))

    @property
    def workers(self) -> tuple[str, ...]:
        """Every worker type of the step."""
        return self.members or (self.worker_type,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The steps of a request, in order; a request for one worker type has one step, number 0.

    A request keeps the plan of its first dispatch: editing a workflow never changes what is running.
    """

    steps: tuple[PlanStep, ...]
    keep_errors: bool = True
    #: ``None`` for a request that goes to one worker type.
    workflow_type: str | None = None

    @classmethod
    def single(cls, *, worker_type: str, keep_errors: bool) -> Self:
        """Return the plan of a request for one worker type."""
        return cls(steps=(PlanStep(0, worker_type),), keep_errors=keep_errors)

    @classmethod
    def workflow(cls, *, workflow_type: str, steps: Sequence[Mapping[str, Any]], keep_errors: bool) -> Self:
        """Return the plan of a workflow from the steps of its configuration, in any order."""
        ordered = sorted(map(_step, steps), key=_number)
        return cls(steps=tuple(ordered), keep_errors=keep_errors, workflow_type=workflow_type)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read a stored plan."""
        return cls(
            steps=tuple(PlanStep.of(number, workers) for number, workers in value["steps"]),
            keep_errors=value["keepErrors"],
            workflow_type=value.get("workflowType"),
        )

    def to_json(self) -> dict[str, Any]:
        """Write the plan for storing."""
        stored = {
            "steps": [[step.number, list(step.members) or step.worker_type] for step in self.steps],
            "keepErrors": self.keep_errors,
            "workflowType": self.workflow_type,
        }
        return stored | {"parallel": True} if any(step.members for step in self.steps) else stored

    @property
    def first(self) -> PlanStep:
        """The step that a new request starts with."""
        return self.steps[0]

    def step(self, number: int) -> PlanStep | None:
        """Return the step that has this number."""
        return next((step for step in self.steps if step.number == number), None)

    def after(self, number: int) -> PlanStep | None:
        """Return the step that follows; ``None`` after the last one."""
        return next((step for step in self.steps if step.number > number), None)


def _step(configured: Mapping[str, Any]) -> PlanStep:
    return PlanStep.of(configured["stepNumber"], configured.get("workerTypes") or configured["workerType"])


def _number(step: PlanStep) -> int:
    return step.number
