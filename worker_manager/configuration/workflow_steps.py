"""The steps of a workflow in a configuration file. Pure; no database."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from regards_processing.kernel.configuration.faults import Fault, Value
from worker_manager.configuration.conditions import SCHEMA as CONDITION
from worker_manager.configuration.conditions import condition_faults
from worker_manager.configuration.policies import SCHEMA as POLICY
from worker_manager.configuration.policies import policy_faults
from worker_manager.configuration.repeats import SCHEMA as REPEATED
from worker_manager.configuration.repeats import repeat_faults
from worker_manager.configuration.violations import absent, is_whole, unfit, violation
from worker_manager.configuration.worker_items import (
    MAX_CONTENT_TYPE,
    MAX_TYPE,
    NOT_BLANK,
    worker_type_faults,
)
from worker_manager.policy import UNSET, Policy
from workers.contract.conditions import ONLY_IF, Condition
from workers.contract.repetition import REPEAT, Repeat

#: Most worker types of a parallel step: their contents are gathered in one body.
MAX_MEMBERS: Final = 16
_MIN_MEMBERS: Final = 2
_MAX_NUMBER: Final = 2**31 - 1
_NO_WORKER: Final = "workerType must be present"
_MEMBER: Final = {**NOT_BLANK, "maxLength": MAX_TYPE}
_NUMBER: Final = {"type": "integer", "minimum": 0, "maximum": _MAX_NUMBER}
_NOTHING: Final = {"enum": [None]}
_POLICY: Final = {**POLICY, "description": "Goes before that of each worker type, key by key."}
_ONE: Final = {
    "type": "object",
    "description": "A step of one worker type.",
    "required": ["stepNumber", "workerType"],
    "properties": {
        "stepNumber": _NUMBER,
        "workerType": {
            **_MEMBER,
            "description": "A configured one, that takes what the step before makes.",
        },
        "workerTypes": _NOTHING,
        "contentTypeOutput": _NOTHING,
        "policy": _POLICY,
        ONLY_IF: CONDITION,
        REPEAT: REPEATED,
    },
}
_PARALLEL: Final = {
    "type": "object",
    "description": "A step of several worker types that work in parallel; beyond REGARDS.",
    "required": ["stepNumber", "workerTypes"],
    "properties": {
        "stepNumber": _NUMBER,
        "workerType": _NOTHING,
        "workerTypes": {
            "type": "array",
            "minItems": _MIN_MEMBERS,
            "maxItems": MAX_MEMBERS,
            "items": _MEMBER,
            "description": "Configured ones, in the order of their contents; one may occur several times.",
        },
        "contentTypeOutput": {
            "type": ["string", "null"],
            "maxLength": MAX_CONTENT_TYPE,
            "description": "Content type of their gathered contents; without it the next step has to take "
            "what each of them makes.",
        },
        "policy": _POLICY,
        ONLY_IF: _NOTHING,
        REPEAT: _NOTHING,
    },
}
#: JSON Schema of a step.
SCHEMA: Final[Value] = {"anyOf": [_ONE, _PARALLEL]}


@dataclass(frozen=True, slots=True)
class WorkflowStep:
    """A step, checked."""

    number: int
    #: One, or those that work in parallel, in the order of their contents.
    worker_types: tuple[str, ...]
    #: Content type of the gathered contents; ``None`` when the step does not say, or gathers none.
    output: str | None = None
    policy: Policy = UNSET
    #: The step is left out where this does not hold of the answer before.
    condition: Condition | None = None
    #: The loop that ends with this step.
    repeat: Repeat | None = None

    @classmethod
    def from_value(cls, value: Mapping[str, Any]) -> Self:
        """Read a step that was checked before."""
        members = value.get("workerTypes") or [value["workerType"]]
        policy = Policy.from_json(value.get("policy"))
        condition = Condition.from_json(value[ONLY_IF]) if value.get(ONLY_IF) else None
        repeat = Repeat.from_json(value[REPEAT]) if value.get(REPEAT) else None
        output = value.get("contentTypeOutput")
        return cls(int(value["stepNumber"]), tuple(members), output, policy, condition, repeat)

    def to_value(self) -> dict[str, Any]:
        """Return the step as it stands in a file."""
        policy = {} if self.policy == UNSET else {"policy": self.policy.to_json()}
        if len(self.worker_types) == 1:
            condition = {} if self.condition is None else {ONLY_IF: self.condition.to_json()}
            way = condition if self.repeat is None else {**condition, REPEAT: self.repeat.to_json()}
            return {"stepNumber": self.number, "workerType": self.worker_types[0], **policy, **way}
        output = {} if self.output is None else {"contentTypeOutput": self.output}
        return {"stepNumber": self.number, "workerTypes": list(self.worker_types), **output, **policy}


def step_faults(path: str, step: Mapping[str, Any]) -> list[Fault]:
    """Return every rule that a step breaks by itself."""
    return [
        *_number_faults(f"{path}.stepNumber", step.get("stepNumber")),
        *_worker_faults(path, step),
        *policy_faults(f"{path}.policy", step.get("policy")),
    ]


def _number_faults(path: str, number: object) -> list[Fault]:
    allowed = f"a whole number from 0 to {_MAX_NUMBER}"
    if not is_whole(number):
        return [violation("NotNull", "stepNumber must be present", path, number, allowed=allowed)]
    if not 0 <= number <= _MAX_NUMBER:
        return [violation("Min", "stepNumber must be a positive number", path, number, allowed=allowed)]
    return []


def _worker_faults(path: str, step: Mapping[str, Any]) -> list[Fault]:
    worker_type, members = step.get("workerType"), step.get("workerTypes")
    output, at_output = step.get("contentTypeOutput"), f"{path}.contentTypeOutput"
    if members is not None:
        return [
            *absent(f"{path}.workerType", worker_type, "workerType must be absent beside workerTypes"),
            *absent(f"{path}.{ONLY_IF}", step.get(ONLY_IF), f"{ONLY_IF} goes with workerType only"),
            *absent(f"{path}.{REPEAT}", step.get(REPEAT), f"{REPEAT} goes with workerType only"),
            *_members_faults(f"{path}.workerTypes", members),
            *unfit(at_output, output, MAX_CONTENT_TYPE),
        ]
    return [
        *worker_type_faults(f"{path}.workerType", worker_type, missing=_NO_WORKER),
        *absent(at_output, output, "contentTypeOutput goes with workerTypes only"),
        *condition_faults(f"{path}.{ONLY_IF}", step.get(ONLY_IF)),
        *repeat_faults(f"{path}.{REPEAT}", step.get(REPEAT)),
    ]


def _members_faults(path: str, members: object) -> list[Fault]:
    if not isinstance(members, list) or not _MIN_MEMBERS <= len(members) <= MAX_MEMBERS:
        message = f"workerTypes must name {_MIN_MEMBERS} to {MAX_MEMBERS} worker types"
        allowed = f"an array of {_MIN_MEMBERS} to {MAX_MEMBERS} texts"
        return [violation("Size", message, path, members, allowed=allowed)]
    return [
        fault
        for place, member in enumerate(members)
        for fault in worker_type_faults(f"{path}[{place}]", member, missing=_NO_WORKER)
    ]
