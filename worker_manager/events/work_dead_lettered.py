"""A request that no worker could handle: a dead letter of a worker queue."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from worker_manager.texts import storable
from workers.contract import headers as names

_UNKNOWN: Final = "Unknown error from worker"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkDeadLettered:
    """What a dead letter tells; its body is not needed, and may be anything."""

    tenant: str
    request_id: str
    dispatch_id: str | None
    error: str

    @classmethod
    def from_wire(cls, *, headers: Mapping[str, Any], message_id: str | None) -> Self:
        """Read a dead letter, in the raw or in the Celery form.

        Raises:
            MalformedMessage: tenant or request id is missing.
        """
        return cls(
            tenant=names.required_text(headers, names.TENANT),
            request_id=names.required_text(headers, names.REQUEST_ID),
            dispatch_id=message_id,
            error=storable(_text(headers.get(names.STACKTRACE))) or _UNKNOWN,
        )


def _text(value: object) -> str:
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).decode("utf-8", errors="replace")
    return "" if value is None else str(value)
