"""Workflows in a configuration file. Pure; no database."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from regards_processing.kernel.configuration.faults import Fault, InvalidItem, Value
from worker_manager.configuration import workflow_steps
from worker_manager.configuration.repeats import loop_faults
from worker_manager.configuration.violations import absent, blank, not_boolean, not_whole, unfit, violation
from worker_manager.configuration.worker_items import KEEP_ERRORS, MAX_CONTENT_TYPE, NOT_BLANK, PRIORITY
from worker_manager.configuration.workflow_steps import WorkflowStep, step_faults
from workers.contract.conditions import ONLY_IF
from workers.contract.kept_headers import KEEP_HEADERS
from workers.contract.names import MAX_PRIORITY

KEY: Final = "fr.cnes.regards.modules.workermanager.dto.WorkflowConfigDto"
SCHEMA: Final[Value] = {
    "type": "object",
    "description": "A chain of worker types, chosen by a content type; several may work in one step.",
    "required": ["workflowType", "steps"],
    "properties": {
        "workflowType": {
            **NOT_BLANK,
            "maxLength": MAX_CONTENT_TYPE,
            "description": "The content type that chooses it; no worker type may take this one.",
        },
        "steps": {
            "type": "array",
            "minItems": 1,
            "items": workflow_steps.SCHEMA,
            "description": "In any order; their numbers are distinct.",
        },
        "keepErrors": KEEP_ERRORS,
        "priority": PRIORITY,
        KEEP_HEADERS: {
            "type": ["boolean", "null"],
            "default": False,
            "description": "Keep additional headers of earlier answers, for later steps and the client. "
            "Ours, beyond REGARDS.",
        },
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowItem:
    """A workflow, checked."""

    workflow_type: str
    #: Sorted by number.
    steps: tuple[WorkflowStep, ...]
    keep_errors: bool
    #: Of requests whose client named none.
    priority: int = 0
    #: Additional headers of earlier answers stay.
    keep_headers: bool = False

    def to_value(self) -> dict[str, Any]:
        """Return the value as it stands in a file; what is ours only where it was set."""
        value = {
            "workflowType": self.workflow_type,
            "steps": self.steps_value(),
            "keepErrors": self.keep_errors,
        }
        priority = {"priority": self.priority} if self.priority else {}
        return {**value, **priority, **({KEEP_HEADERS: True} if self.keep_headers else {})}

    def steps_value(self) -> list[dict[str, Any]]:
        """Return the steps as they stand in a file."""
        return [step.to_value() for step in self.steps]


def read_workflow(value: Value) -> WorkflowItem:
    """Read a workflow.

    Raises:
        InvalidItem: it breaks a rule; every broken rule is named.
    """
    workflow_type, steps = value.get("workflowType"), value.get("steps")
    keep_errors, priority = value.get("keepErrors"), value.get("priority")
    keep_headers = value.get(KEEP_HEADERS)
    faults = [
        *blank("workflowType", workflow_type, "workflowType is mandatory"),
        *unfit("workflowType", workflow_type, MAX_CONTENT_TYPE),
        *not_boolean("keepErrors", keep_errors),
        *not_boolean(KEEP_HEADERS, keep_headers),
        *not_whole("priority", priority, least=0, most=MAX_PRIORITY),
        *_steps_faults(steps),
    ]
    if faults:
        raise InvalidItem(*faults)
    return WorkflowItem(
        workflow_type=str(workflow_type),
        steps=_in_order(steps or ()),
        keep_errors=keep_errors is not False,
        priority=int(priority or 0),
        keep_headers=keep_headers is True,
    )


def _in_order(steps: Iterable[Value]) -> tuple[WorkflowStep, ...]:
    return tuple(sorted(map(WorkflowStep.from_value, steps), key=lambda step: step.number))


def _steps_faults(steps: object) -> list[Fault]:
    if not isinstance(steps, list) or not steps:
        allowed = "an array of at least one step with stepNumber and workerType"
        return [violation("Size", "at least one step is expected", "steps", steps, allowed=allowed)]
    faults = [
        fault
        for place, step in enumerate(steps)
        for fault in step_faults(f"steps[{place}]", step if isinstance(step, dict) else {})
    ]
    return faults or [*_first_step_faults(steps), *loop_faults(steps)]


def _first_step_faults(steps: Sequence[Value]) -> list[Fault]:
    place, first = min(enumerate(steps), key=lambda placed: placed[1]["stepNumber"])
    message, path = "the first step is always taken: no answer comes before it", f"steps[{place}].{ONLY_IF}"
    return absent(path, first.get(ONLY_IF), message)
