"""An order service wants an execution: `PExecutionRequestEvent`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self
from uuid import UUID

from regards_processing.kernel.json_values import is_storable, why_not_storable
from workers.contract import bodies
from workers.contract import headers as names
from workers.contract.errors import MalformedMessage

#: Each fault of them begins with this.
_FILES: Final = "inputFiles"
#: Why an order fails that says nothing of files, unlike one that has none.
WITHOUT_FILES: Final = f"{_FILES} is missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionRequested:
    """One execution of the process of a batch."""

    tenant: str
    batch_id: UUID
    #: Opaque; echoed byte for byte.
    correlation_id: str
    input_files: tuple[Mapping[str, Any], ...]
    #: Why it has none that a fleet could be given, which is a failure of the execution.
    files_fault: str = ""
    #: The execution that an operator tries again; no event has it.
    retry_of: UUID | None = None
    #: The broker has delivered it before, or an operator sends it back from the dead letters.
    redelivered: bool = False

    @classmethod
    def from_wire(cls, *, headers: Mapping[str, Any], body: bytes, redelivered: bool = False) -> Self:
        """Read an event.

        Raises:
            MalformedMessage: tenant, batch or correlation id is missing, or a field has the wrong type.
        """
        fields = bodies.load_object(body)
        files = _files(fields.get("inputFiles"))
        fault = WITHOUT_FILES if files is None else why_not_storable(files, name=_FILES)
        return cls(
            tenant=names.required_text(headers, names.TENANT),
            batch_id=_uuid(fields.get("batchId")),
            correlation_id=_text(fields.get("executionCorrelationId")),
            input_files=() if fault else tuple(file for file in files or () if file is not None),
            files_fault=fault or "",
            redelivered=redelivered,
        )


def fault_of(*, message: str) -> str:
    """Return the message of an execution that has no input files if it failed for what is wrong with them."""
    return message if message.startswith(_FILES) else ""


def _files(value: object) -> list[Any] | None:
    if value is not None and not isinstance(value, list):
        raise MalformedMessage(f"{_FILES} must be an array, not {type(value).__name__}")
    if any(not isinstance(file, dict | None) for file in value or ()):
        raise MalformedMessage(f"{_FILES} must hold objects")
    return value


def _uuid(value: object) -> UUID:
    try:
        return UUID(str(value))
    except ValueError:
        raise MalformedMessage(f"batchId must be a UUID, got {value!r:.200}") from None


def _text(value: object) -> str:
    if not isinstance(value, str) or not is_storable(value):
        raise MalformedMessage(f"executionCorrelationId must be a text, got {value!r:.200}")
    return value
