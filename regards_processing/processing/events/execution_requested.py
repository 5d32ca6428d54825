"""An order service wants an execution: `PExecutionRequestEvent`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

from workers.contract import bodies
from workers.contract import headers as names
from workers.contract.errors import MalformedMessage


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionRequested:
    """One execution of the process of a batch."""

    tenant: str
    batch_id: UUID
    #: Opaque; echoed byte for byte.
    correlation_id: str
    #: ``None`` when the event has none, which is a failure of the execution.
    input_files: tuple[Mapping[str, Any], ...] | None
    #: The execution that an operator tries again; no event has it.
    retry_of: UUID | None = None

    @classmethod
    def from_wire(cls, *, headers: Mapping[str, Any], body: bytes) -> Self:
        """Read an event.

        Raises:
            MalformedMessage: tenant, batch or correlation id is missing, or a field has the wrong type.
        """
        fields = bodies.load_object(body)
        files = fields.get("inputFiles")
        if files is not None and not isinstance(files, list):
            raise MalformedMessage(f"inputFiles must be an array, not {type(files).__name__}")
        present = None if files is None else tuple(file for file in files if file is not None)
        if any(not isinstance(file, dict) for file in present or ()):
            raise MalformedMessage("inputFiles must hold objects")
        return cls(
            tenant=names.required_text(headers, names.TENANT),
            batch_id=_uuid(fields.get("batchId")),
            correlation_id=_text(fields.get("executionCorrelationId")),
            input_files=present,
        )


def _uuid(value: object) -> UUID:
    try:
        return UUID(str(value))
    except ValueError:
        raise MalformedMessage(f"batchId must be a UUID, got {value!r:.200}") from None


def _text(value: object) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise MalformedMessage(f"executionCorrelationId must be a text, got {value!r:.200}")
    return value
