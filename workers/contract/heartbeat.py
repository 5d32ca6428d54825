"""The sign of life of a worker instance."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Self, TypeVar

from workers.contract import bodies
from workers.contract import headers as names
from workers.contract.errors import MalformedMessage
from workers.contract.names import QUEUE_RULE, can_have_queues
from workers.contract.wire import Wire

_MAX_TYPE_LENGTH = 128
_TOO_MANY = 2**31
_Default = TypeVar("_Default", int, None)


class Protocol(StrEnum):
    """How a worker wants its requests."""

    #: The raw message of the reference; what every worker that says nothing gets.
    RAW = "raw"
    #: A Celery task message.
    CELERY = "celery"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerHeartbeat:
    """One beat of one instance."""

    #: Any active tenant.
    tenant: str
    #: Unique per process.
    worker_id: str
    worker_type: str
    #: The sender's clock.
    beaten_at: datetime
    #: Ours; absent in the reference.
    protocol: Protocol = Protocol.RAW
    #: Ours: requests the instance can run at the same time.
    concurrency: int | None = None
    #: Ours: requests it takes in advance per unit of concurrency; an instance that does not say takes one.
    prefetch: int = 1
    #: Ours: version of the worker type.
    version: str | None = None
    #: Ours: seconds that it holds the message of a request at most; 0 when it acknowledges as work begins.
    hold_seconds: float | None = None
    #: Ours: seconds that work on a request took of late, on average; nothing where it is done in bulks.
    run_seconds: float | None = None
    #: Ours: it has the shared storage, and reads contents there that are only referred to.
    stored_contents: bool = False

    @classmethod
    def from_wire(cls, *, headers: Mapping[str, Any], body: bytes) -> Self:
        """Read a heartbeat; keys that are ours fall back to the reference when they make no sense.

        Raises:
            MalformedMessage: tenant, id, type or date is missing, has the wrong type or is too long.
        """
        fields = bodies.load_object(body)
        version = fields.get("version")
        return cls(
            tenant=names.required_text(headers, names.TENANT),
            worker_id=_identifier(fields, "id", names.MAX_LENGTH),
            worker_type=_worker_type(fields),
            beaten_at=bodies.parse_date(fields.get("heartBeatDate"), field="heartBeatDate"),
            protocol=Protocol.CELERY if fields.get("protocol") == Protocol.CELERY else Protocol.RAW,
            concurrency=_number(fields.get("concurrency"), least=1, default=None),
            prefetch=_number(fields.get("prefetch"), least=0, default=1),
            version=version[:64] if isinstance(version, str) else None,
            hold_seconds=_seconds(fields.get("holdSeconds")),
            run_seconds=_seconds(fields.get("runSeconds")),
            stored_contents=fields.get("storedContents") is True,
        )

    def to_wire(self) -> Wire:
        """Write the heartbeat."""
        body = bodies.dump_object(
            {
                "id": self.worker_id,
                "type": self.worker_type,
                "heartBeatDate": bodies.format_date(self.beaten_at),
                "protocol": self.protocol.value,
                "concurrency": self.concurrency,
                "prefetch": self.prefetch,
                "version": self.version,
                "holdSeconds": self.hold_seconds,
                "runSeconds": self.run_seconds,
                "storedContents": self.stored_contents or None,
            }
        )
        return Wire(headers={names.TENANT: self.tenant}, body=body)


def _number(value: object, *, least: int, default: _Default) -> int | _Default:
    return value if type(value) is int and least <= value < _TOO_MANY else default


def _seconds(value: object) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and 0 <= value < _TOO_MANY else None  # type: ignore[operator, arg-type] # a number it is


def _worker_type(fields: Mapping[str, Any]) -> str:
    worker_type = _identifier(fields, "type", _MAX_TYPE_LENGTH)
    if not can_have_queues(worker_type):
        raise MalformedMessage(f"type must fit into the name of a queue ({QUEUE_RULE}), got {worker_type!r}")
    return worker_type


def _identifier(fields: Mapping[str, Any], field: str, limit: int) -> str:
    value = fields.get(field)
    if not isinstance(value, str) or not value:
        raise MalformedMessage(f"{field} must be a non-empty string, got {value!r}")
    if len(value) > limit:
        raise MalformedMessage(f"{field} is limited to {limit} characters, got {len(value)}")
    return value
