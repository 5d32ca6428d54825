"""What a request goes through: its steps, and what follows what. Pure; no database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from worker_manager.policy import UNSET, Policy
from workers.contract import itinerary
from workers.contract.conditions import ONLY_IF, Condition
from workers.contract.itinerary import Loop, Taken
from workers.contract.kept_headers import KEEP_HEADERS, keep
from workers.contract.repetition import REPEAT, Repeat


@dataclass(frozen=True, slots=True)
class PlanStep:
    """One link of the chain."""

    number: int
    #: Of a parallel step, the first one.
    worker_type: str
    #: Worker types that work in parallel, in the order of their contents; none for a step of one.
    members: tuple[str, ...] = ()
    #: One for each worker type, in their order: the step's own policy over that of the worker type. Empty
    #: where nothing is configured.
    policies: tuple[Policy, ...] = ()
    #: The step is left out where this does not hold of the answer before.
    condition: Condition | None = None
    #: The loop that ends with this step.
    repeat: Repeat | None = None

    @classmethod
    def of(cls, number: int, workers: str | Sequence[str], policies: Sequence[Policy] = ()) -> Self:
        """Return the step of one worker type, or of several that work in parallel."""
        configured = tuple(policies) if any(policy != UNSET for policy in policies) else ()
        if isinstance(workers, str):
            return cls(number, workers, (), configured)
        return cls(number, workers[0], tuple(workers), configured)

    @property
    def policy(self) -> Policy:
        """The policy of the step's worker type; of a parallel step, that of the first one."""
        return self.policies[0] if self.policies else UNSET

    @property
    def workers(self) -> tuple[str, ...]:
        """Every worker type of the step."""
        return self.members or (self.worker_type,)

    def member(self, position: int) -> "PlanStep":
        """Return what one member of a parallel step does, as a step of its own."""
        return PlanStep.of(self.number, self.members[position], self.policies[position : position + 1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The steps of a request, in order; a request for one worker type has one step, number 0.

    A request keeps the plan of its first dispatch: editing a workflow never changes what is running.
    """

    steps: tuple[PlanStep, ...]
    keep_errors: bool = True
    #: ``None`` for a request that goes to one worker type.
    workflow_type: str | None = None
    #: Priority of a request whose client named none. The request keeps its own; a stored plan knows none.
    priority: int = 0
    #: Additional headers of earlier answers stay, for later steps and for the client.
    keep_headers: bool = False

    @classmethod
    def single(
        cls, *, worker_type: str, keep_errors: bool, priority: int = 0, policy: Policy = UNSET
    ) -> Self:
        """Return the plan of a request for one worker type."""
        steps = (PlanStep.of(0, worker_type, [policy]),)
        return cls(steps=steps, keep_errors=keep_errors, priority=priority)

    @classmethod
    def workflow(
        cls,
        *,
        workflow_type: str,
        steps: Sequence[Mapping[str, Any]],
        keep_errors: bool,
        priority: int = 0,
        policies: Mapping[str, Policy] | None = None,
        keep_headers: bool = False,
    ) -> Self:
        """Return the plan of a workflow from the steps of its configuration, in any order.

        ``policies`` are those of worker types; a step's own goes before them, key by key.
        """
        ordered = sorted((_step(step, policies or {}) for step in steps), key=_number)
        return cls(
            steps=tuple(ordered),
            keep_errors=keep_errors,
            workflow_type=workflow_type,
            priority=priority,
            keep_headers=keep_headers,
        )

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read a stored plan."""
        policies = value.get("policies", {})
        steps = tuple(
            PlanStep.of(number, workers, [Policy.from_json(one) for one in policies.get(str(number), ())])
            if policies
            else PlanStep.of(number, workers)
            for number, workers in value["steps"]
        )
        conditions, loops = value.get("conditions", {}), value.get("loops", {})
        if conditions or loops:
            steps = tuple(
                _on_the_way(step, conditions.get(str(step.number)), loops.get(str(step.number)))
                for step in steps
            )
        return cls(
            steps=steps,
            keep_errors=value["keepErrors"],
            workflow_type=value.get("workflowType"),
            keep_headers=KEEP_HEADERS in value,
        )

    def to_json(self) -> dict[str, Any]:
        """Write the plan for storing; what is not configured takes no room."""
        stored: dict[str, Any] = {
            "steps": [[step.number, list(step.members) or step.worker_type] for step in self.steps],
            "keepErrors": self.keep_errors,
            "workflowType": self.workflow_type,
        }
        if any(step.members for step in self.steps):
            stored["parallel"] = True
        policies = {
            str(step.number): [policy.to_json() for policy in step.policies]
            for step in self.steps
            if step.policies
        }
        if policies:
            stored["policies"] = policies
        conditions = {str(step.number): step.condition.to_json() for step in self.steps if step.condition}
        if conditions:
            stored["conditions"] = conditions
        loops = {str(step.number): step.repeat.to_json() for step in self.steps if step.repeat}
        if loops:
            stored["loops"] = loops
        return stored | {KEEP_HEADERS: True} if self.keep_headers else stored

    @property
    def first(self) -> PlanStep:
        """The step that a new request starts with."""
        return self.steps[0]

    def step(self, number: int) -> PlanStep | None:
        """Return the step that has this number."""
        return next((step for step in self.steps if step.number == number), None)

    def after(
        self, number: int, headers: Mapping[str, str] | None, repeats: int = 0
    ) -> Taken[PlanStep] | None:
        """Return what is taken after a step that ended with these headers; ``None`` at the end.

        ``repeats`` are the rounds of the loop that the step is in that were before.

        Raises:
            RoundsUsedUp: the step would be repeated beyond the rounds that there may be.
        """
        return itinerary.after(self.steps, number=number, headers=headers or {}, repeats=repeats)

    def loop_of(self, number: int) -> Loop | None:
        """Return the loop that a step is in."""
        return itinerary.loop_of(self.steps, number)

    def headers_after(
        self, before: Mapping[str, str] | None, own: Mapping[str, str] | None
    ) -> Mapping[str, str] | None:
        """Return the additional headers of a request after an answer; usually the answer's own alone.

        Raises:
            HeadersTooLarge: earlier ones are kept, and would be more than a message can carry.
        """
        return keep(before, own) or None if self.keep_headers else own


def _step(configured: Mapping[str, Any], policies: Mapping[str, Policy]) -> PlanStep:
    workers = configured.get("workerTypes") or configured["workerType"]
    names = [workers] if isinstance(workers, str) else workers
    own = Policy.from_json(configured.get("policy"))
    effective = [own.over(policies.get(name, UNSET)) for name in names]
    step = PlanStep.of(configured["stepNumber"], workers, effective)
    return _on_the_way(step, configured.get(ONLY_IF), configured.get(REPEAT))


def _on_the_way(
    step: PlanStep, condition: Mapping[str, Any] | None, repeat: Mapping[str, Any] | None
) -> PlanStep:
    if condition:
        step = replace(step, condition=Condition.from_json(condition))
    return replace(step, repeat=Repeat.from_json(repeat)) if repeat else step


def _number(step: PlanStep) -> int:
    return step.number
