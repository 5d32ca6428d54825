"""Worker types in a configuration file. Pure; no database."""

from dataclasses import dataclass
from typing import Any, Final

from regards_processing.kernel.configuration.faults import Fault, InvalidItem, Value
from worker_manager.configuration.policies import SCHEMA as POLICY
from worker_manager.configuration.policies import policy_faults
from worker_manager.configuration.violations import blank, not_boolean, not_whole, unfit, violation
from worker_manager.policy import UNSET, Policy
from workers.contract.names import MAX_PRIORITY, QUEUE_RULE, can_have_queues

KEY: Final = "fr.cnes.regards.modules.workermanager.dto.WorkerConfigDto"
#: Longest name of a worker type.
MAX_TYPE: Final = 128
MAX_CONTENT_TYPE: Final = 255
_MAX_IN_FLIGHT: Final = 2**31 - 1
#: JSON Schema of a text that is not blank.
NOT_BLANK: Final = {"type": "string", "pattern": r"\S"}
#: JSON Schema of ``keepErrors``.
KEEP_ERRORS: Final = {
    "type": ["boolean", "null"],
    "default": True,
    "description": "Keep requests in error, for an operator to retry.",
}
#: JSON Schema of ``priority``.
PRIORITY: Final = {
    "type": ["integer", "null"],
    "minimum": 0,
    "maximum": MAX_PRIORITY,
    "default": 0,
    "description": "Of requests whose client named none; higher ones go first. Ours, beyond REGARDS.",
}
SCHEMA: Final[Value] = {
    "type": "object",
    "description": "A worker type, and the content types that go to it.",
    "required": ["workerType", "contentTypeInputs"],
    "properties": {
        "workerType": {**NOT_BLANK, "maxLength": MAX_TYPE},
        "contentTypeInputs": {
            "type": "array",
            "minItems": 1,
            "items": {"type": "string", "maxLength": MAX_CONTENT_TYPE},
            "description": "Each content type goes to one worker type.",
        },
        "contentTypeOutput": {
            "type": ["string", "null"],
            "maxLength": MAX_CONTENT_TYPE,
            "description": "Content type of what it makes; needed in workflows.",
        },
        "keepErrors": KEEP_ERRORS,
        "policy": POLICY,
        "maxInFlight": {
            "type": ["integer", "null"],
            "minimum": 1,
            "maximum": _MAX_IN_FLIGHT,
            "description": "Requests of all tenants that the fleet may have at a time. Ours, beyond REGARDS.",
        },
        "priority": PRIORITY,
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerItem:
    """A worker type, checked."""

    worker_type: str
    inputs: tuple[str, ...]
    output: str | None
    keep_errors: bool
    policy: Policy = UNSET
    #: Requests of all tenants that the fleet may have at a time.
    max_in_flight: int | None = None
    #: Of requests whose client named none.
    priority: int = 0

    def to_value(self) -> dict[str, Any]:
        """Return the value as it stands in a file; what is ours only where it was set."""
        value = {"workerType": self.worker_type, "contentTypeInputs": list(self.inputs)}
        output = {} if self.output is None else {"contentTypeOutput": self.output}
        policy = {} if self.policy == UNSET else {"policy": self.policy.to_json()}
        limit = {} if self.max_in_flight is None else {"maxInFlight": self.max_in_flight}
        priority = {"priority": self.priority} if self.priority else {}
        return {**value, **output, "keepErrors": self.keep_errors, **policy, **limit, **priority}


def read_worker(value: Value) -> WorkerItem:
    """Read a worker type.

    Raises:
        InvalidItem: it breaks a rule; every broken rule is named.
    """
    worker_type, output = value.get("workerType"), value.get("contentTypeOutput")
    inputs, keep_errors = value.get("contentTypeInputs"), value.get("keepErrors")
    max_in_flight, priority = value.get("maxInFlight"), value.get("priority")
    faults = [
        *worker_type_faults("workerType", worker_type, missing="Invalid worker conf with empty name"),
        *unfit("contentTypeOutput", output, MAX_CONTENT_TYPE),
        *not_boolean("keepErrors", keep_errors),
        *not_whole("maxInFlight", max_in_flight, least=1, most=_MAX_IN_FLIGHT),
        *not_whole("priority", priority, least=0, most=MAX_PRIORITY),
        *_inputs_faults(inputs),
        *policy_faults("policy", value.get("policy")),
    ]
    if faults:
        raise InvalidItem(*faults)
    return WorkerItem(
        worker_type=str(worker_type),
        inputs=tuple(dict.fromkeys(inputs or ())),
        output=output,
        keep_errors=keep_errors is not False,
        policy=Policy.from_json(value.get("policy")),
        max_in_flight=None if max_in_flight is None else int(max_in_flight),
        priority=int(priority or 0),
    )


def worker_type_faults(path: str, worker_type: object, *, missing: str) -> list[Fault]:
    """Return what is wrong with the name of a worker type: it must be there, and fit into that of a queue."""
    faults = [*blank(path, worker_type, missing), *unfit(path, worker_type, MAX_TYPE)]
    if faults or not isinstance(worker_type, str) or can_have_queues(worker_type):
        return faults
    name = path.rpartition(".")[2]
    message = f"{name} must fit into the name of a queue"
    return [violation("Size", message, path, worker_type, allowed=QUEUE_RULE)]


def _inputs_faults(inputs: object) -> list[Fault]:
    path = "contentTypeInputs"
    if not isinstance(inputs, list) or not inputs or not all(isinstance(entry, str) for entry in inputs):
        message = "WorkerConf cannot declare empty contentTypesIn list"
        allowed = "an array of at least one text"
        return [violation("NotEmpty", message, path, inputs, allowed=allowed)]
    return [
        fault
        for place, entry in enumerate(inputs)
        for fault in unfit(f"{path}[{place}]", entry, MAX_CONTENT_TYPE)
    ]
