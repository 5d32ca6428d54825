"""Workflows in a configuration file. Pure; no database."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeGuard

from regards_processing.kernel.configuration.faults import Fault, InvalidItem, Value
from worker_manager.configuration.violations import blank, not_boolean, unfit, violation
from worker_manager.configuration.worker_items import KEEP_ERRORS, MAX_CONTENT_TYPE, MAX_TYPE, NOT_BLANK

KEY: Final = "fr.cnes.regards.modules.workermanager.dto.WorkflowConfigDto"
_MAX_NUMBER: Final = 2**31 - 1
_STEP: Final = {
    "type": "object",
    "required": ["stepNumber", "workerType"],
    "properties": {
        "stepNumber": {"type": "integer", "minimum": 0, "maximum": _MAX_NUMBER},
        "workerType": {
            **NOT_BLANK,
            "maxLength": MAX_TYPE,
            "description": "A configured one, that takes what the step before makes.",
        },
    },
}
SCHEMA: Final[Value] = {
    "type": "object",
    "description": "A chain of worker types, chosen by a content type.",
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
            "items": _STEP,
            "description": "In any order; their numbers are distinct.",
        },
        "keepErrors": KEEP_ERRORS,
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowItem:
    """A workflow, checked."""

    workflow_type: str
    #: Number and worker type of each step, sorted by number.
    steps: tuple[tuple[int, str], ...]
    keep_errors: bool

    def to_value(self) -> dict[str, Any]:
        """Return the value as it stands in a file."""
        return {
            "workflowType": self.workflow_type,
            "steps": self.steps_value(),
            "keepErrors": self.keep_errors,
        }

    def steps_value(self) -> list[dict[str, Any]]:
        """Return the steps as they stand in a file."""
        return [{"stepNumber": number, "workerType": worker_type} for number, worker_type in self.steps]


def read_workflow(value: Value) -> WorkflowItem:
    """Read a workflow.

    Raises:
        InvalidItem: it breaks a rule; every broken rule is named.
    """
    workflow_type, steps = value.get("workflowType"), value.get("steps")
    keep_errors = value.get("keepErrors")
    faults = [
        *blank("workflowType", workflow_type, "workflowType is mandatory"),
        *unfit("workflowType", workflow_type, MAX_CONTENT_TYPE),
        *not_boolean("keepErrors", keep_errors),
        *_steps_faults(steps),
    ]
    if faults:
        raise InvalidItem(*faults)
    numbered = [(int(step["stepNumber"]), step["workerType"]) for step in steps or ()]
    return WorkflowItem(
        workflow_type=str(workflow_type), steps=tuple(sorted(numbered)), keep_errors=keep_errors is not False
    )


def _steps_faults(steps: object) -> list[Fault]:
    if not isinstance(steps, list) or not steps:
        allowed = "an array of at least one step with stepNumber and workerType"
        return [violation("Size", "at least one step is expected", "steps", steps, allowed=allowed)]
    return [
        fault
        for place, step in enumerate(steps)
        for fault in _step_faults(f"steps[{place}]", step if isinstance(step, dict) else {})
    ]


def _step_faults(path: str, step: Mapping[str, Any]) -> list[Fault]:
    number, worker_type = step.get("stepNumber"), step.get("workerType")
    allowed = f"a whole number from 0 to {_MAX_NUMBER}"
    faults = []
    if not _is_whole(number):
        faults.append(
            violation("NotNull", "stepNumber must be present", f"{path}.stepNumber", number, allowed=allowed)
        )
    elif not 0 <= number <= _MAX_NUMBER:
        message = "stepNumber must be a positive number"
        faults.append(violation("Min", message, f"{path}.stepNumber", number, allowed=allowed))
    faults += blank(f"{path}.workerType", worker_type, "workerType must be present")
    return faults + unfit(f"{path}.workerType", worker_type, MAX_TYPE)


def _is_whole(number: object) -> TypeGuard[float]:
    # To JSON, 1.0 is a whole number.
    return type(number) is int or (isinstance(number, float) and number.is_integer())
