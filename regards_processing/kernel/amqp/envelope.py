"""Messages as the platform sees them, whatever the broker, and how a bulk of them is stored."""

import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

#: First byte of a packed bulk: the version of the format.
_VERSION: Final = b"\x01"
_LENGTH: Final = struct.Struct(">I")


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """A message read from a queue."""

    queue: str
    exchange: str
    routing_key: str
    headers: Mapping[str, Any]
    body: bytes
    #: Whether the broker delivered it before.
    redelivered: bool = False
    message_id: str | None = None
    correlation_id: str | None = None
    #: The other AMQP properties, by their AMQP names.
    properties: Mapping[str, Any] = field(default_factory=dict)
    #: Why headers and properties could not be read; they are empty then.
    unreadable: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbound:
    """A message to publish; it is made persistent, and dated and signed when it is published."""

    exchange: str
    routing_key: str = ""
    headers: Mapping[str, Any]
    body: bytes
    #: 0 to 255.
    priority: int = 1
    content_type: str | None = "application/json"
    content_encoding: str | None = "UTF-8"
    message_id: str | None = None
    correlation_id: str | None = None
    #: The message must reach a queue of this worker type, which is declared on demand.
    worker_type: str | None = None
    #: The message must reach a queue; implied by ``worker_type``.
    must_route: bool = False
    #: The message concerns no tenant and goes to the virtual host of the instance, a while later.
    for_instance: bool = False
    #: AMQP properties that replace ours, by their AMQP names (``app_id``, ``timestamp``, ``type``…); with
    #: ``None`` as ``timestamp`` it is not dated.
    properties: Mapping[str, Any] = field(default_factory=dict)

    @property
    def mandatory(self) -> bool:
        """Return whether an unroutable message is an error."""
        return self.must_route or self.worker_type is not None


class UnreadableBulk(ValueError):
    """The bytes are not a packed bulk of messages."""


def pack(messages: Sequence[Outbound]) -> bytes:
    """Write messages as compact bytes; headers and properties must be JSON values.

    Raises:
        TypeError: a header or a property is not a JSON value.
    """
    fields = [
        (
            message.exchange,
            message.routing_key,
            dict(message.headers),
            len(message.body),
            message.priority,
            message.content_type,
            message.content_encoding,
            message.message_id,
            message.correlation_id,
            message.worker_type,
            message.must_route,
            dict(message.properties),
            message.for_instance,
        )
        for message in messages
    ]
    head = json.dumps(fields, separators=(",", ":"), ensure_ascii=True, check_circular=False).encode("ascii")
    return b"".join((_VERSION, _LENGTH.pack(len(head)), head, *(message.body for message in messages)))


def unpack(packed: bytes) -> list[Outbound]:
    """Read back what ``pack`` wrote.

    Raises:
        UnreadableBulk: the bytes were not written by ``pack``, or are cut short.
    """
    start = 1 + _LENGTH.size
    if packed[:1] != _VERSION or len(packed) < start:
        raise UnreadableBulk(f"Expected format version {_VERSION!r}, got {packed[:1]!r}")
    body = start + _LENGTH.unpack_from(packed, 1)[0]
    messages = []
    for fields in json.loads(packed[start:body]):
        end = body + fields[3]
        messages.append(_outbound(fields, packed[body:end]))
        body = end
    if body != len(packed):
        raise UnreadableBulk(f"Expected {body} bytes, got {len(packed)}")
    return messages


def _outbound(fields: list[Any], body: bytes) -> Outbound:
    return Outbound(
        exchange=fields[0],
        routing_key=fields[1],
        headers=fields[2],
        body=body,
        priority=fields[4],
        content_type=fields[5],
        content_encoding=fields[6],
        message_id=fields[7],
        correlation_id=fields[8],
        worker_type=fields[9],
        must_route=fields[10],
        properties=fields[11],
        # The release before wrote one field less.
        for_instance=any(fields[12:]),
    )
