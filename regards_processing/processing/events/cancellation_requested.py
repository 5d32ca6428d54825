"""Somebody does not want executions any more: an event of ours."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self
from uuid import UUID

from regards_processing.kernel.json_values import is_storable
from workers.contract import bodies
from workers.contract import headers as names
from workers.contract.errors import MalformedMessage

#: Who is told to have cancelled when the event does not say.
_SOMEBODY: Final = "a message"


@dataclass(frozen=True, slots=True, kw_only=True)
class CancellationRequested:
    """Whole batches, some executions of batches, or executions are to be cancelled."""

    tenant: str
    batch_ids: tuple[UUID, ...] = ()
    #: Of those batches only the executions that their order calls so; all of them when empty.
    correlation_ids: tuple[str, ...] = ()
    execution_ids: tuple[UUID, ...] = ()
    #: Who wants it, as results and the audit trail tell it.
    by: str = _SOMEBODY

    @classmethod
    def from_wire(cls, *, headers: Mapping[str, Any], body: bytes) -> Self:
        """Read an event.

        Raises:
            MalformedMessage: the tenant is missing, a field has the wrong type, or nothing is named.
        """
        fields = bodies.load_object(body)
        read = cls(
            tenant=names.required_text(headers, names.TENANT),
            batch_ids=_uuids(fields, "batchIds"),
            correlation_ids=_texts(fields, "executionCorrelationIds"),
            execution_ids=_uuids(fields, "executionIds"),
            by=_by(fields.get("by")),
        )
        if not read.batch_ids and (read.correlation_ids or not read.execution_ids):
            raise MalformedMessage(
                "executionIds or batchIds must name something; correlation ids need batchIds"
            )
        return read


def _by(value: object) -> str:
    if value is None:
        return _SOMEBODY
    if not isinstance(value, str) or not 0 < len(value) <= names.MAX_LENGTH or not is_storable(value):
        raise MalformedMessage(f"by must be a text, got {value!r:.200}")
    return value


def _texts(fields: Mapping[str, Any], name: str) -> tuple[str, ...]:
    values = fields.get(name)
    if values is None:
        return ()
    if not isinstance(values, list):
        raise MalformedMessage(f"{name} must be an array, got {values!r:.200}")
    present = tuple(value for value in values if value is not None)
    if any(not isinstance(value, str) or not is_storable(value) for value in present):
        raise MalformedMessage(f"{name} must hold texts without NUL and halves of surrogate pairs")
    return present


def _uuids(fields: Mapping[str, Any], name: str) -> tuple[UUID, ...]:
    try:
        return tuple(UUID(text) for text in _texts(fields, name))
    except ValueError:
        raise MalformedMessage(f"{name} must hold UUIDs, got {fields.get(name)!r:.200}") from None
