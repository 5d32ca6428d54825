"""Writing ``basic.publish`` as bytes.

The driver writes one message at a time, with a system call before and after each one. A bulk is written
several times faster when its frames are put together here and leave in large pieces.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Protocol

from amqp.exceptions import FrameSyntaxError
from amqp.serialization import dumps

_METHOD, _CONTENT_HEADER, _BODY = 1, 2, 3
_FRAME: Final = struct.Struct(">BHI")
_END: Final = b"\xce"
#: Type, channel and length before a frame, and the octet after it.
_OVERHEAD: Final = _FRAME.size + len(_END)
#: Class 60 (basic), method 40 (publish), a reserved short.
_PUBLISH: Final = struct.pack(">HHH", 60, 40, 0)
_CONTENT: Final = struct.Struct(">HHQ")
_LONG: Final = struct.Struct(">I")
_MODE_AND_PRIORITY: Final = struct.Struct(">BB")
_TIME: Final = struct.Struct(">Q")
_PERSISTENT: Final = 2
_LONGEST_SHORT: Final = 255
_CONSTANTS: Final = frozenset({bool, int, type(None)})
#: What writing raises: no AMQP type, too many digits, too many levels.
_UNWRITABLE: Final = (struct.error, AttributeError, TypeError, ValueError, RecursionError)
#: RabbitMQ sends copies to the queues that these headers list, and closes the channel when they are no lists.
#: They come from clients and workers, who have no say in routing: they are left out.
_ROUTING_HEADERS: Final = frozenset({"CC", "BCC"})
#: Properties that are short texts.
_SHORT_PROPERTIES: Final = frozenset(
    {"content_type", "content_encoding", "correlation_id", "reply_to", "message_id", "type", "app_id"}
)


class Publication(Protocol):
    """What must be known of a message to write it; the names are those of AMQP."""

    @property
    def exchange(self) -> str:
        """Name of the exchange."""

    @property
    def routing_key(self) -> str:
        """Its routing key."""

    @property
    def mandatory(self) -> bool:
        """Whether it must reach a queue."""

    @property
    def headers(self) -> Mapping[str, Any]:
        """Its headers."""

    @property
    def body(self) -> bytes:
        """Its body."""

    @property
    def priority(self) -> int:
        """0 to 255."""

    @property
    def content_type(self) -> str | None:
        """What the body is."""

    @property
    def content_encoding(self) -> str | None:
        """How its characters are written."""

    @property
    def message_id(self) -> str | None:
        """Its name."""

    @property
    def correlation_id(self) -> str | None:
        """The name of what it answers."""

    @property
    def properties(self) -> Mapping[str, Any]:
        """Further properties, by their AMQP names; ``None`` as ``timestamp`` stands for no date."""


class Unencodable(ValueError):
    """AMQP has no way to write this message."""


def header_size(name: str, value: object) -> int:
    """Return how many bytes a header takes in a message.

    Raises:
        Unencodable: its name is too long, or its value has no AMQP type.
    """
    try:
        return len(_table({name: value})) - _LONG.size
    except _UNWRITABLE as error:
        raise _unencodable(error) from error


def is_writable(name: str, value: object) -> bool:
    """Return whether a property can be written as it is; of those that are never written nothing is asked."""
    if name == "timestamp":
        return isinstance(value, int) and 0 <= value < 2**64
    if name not in _SHORT_PROPERTIES:
        return True
    return isinstance(value, str) and len(value.encode("utf-8", "surrogatepass")) <= _LONGEST_SHORT


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishEncoder:
    """Writes messages for one channel."""

    channel_id: int
    #: Largest frame that was agreed with the broker, in bytes.
    frame_max: int
    app_id: str

    def encode(self, message: Publication, *, timestamp: int) -> list[bytes]:
        """Return the frames of one message.

        Args:
            timestamp: seconds since 1970, for a message that does not say its own.

        Raises:
            Unencodable: a name or a property is too long, or a header has no AMQP type.
        """
        try:
            route = _name(message.exchange) + _name(message.routing_key)
            properties = self._properties(message, timestamp)
        except _UNWRITABLE as error:
            raise _unencodable(error) from error
        room = self.frame_max - _OVERHEAD
        header = _CONTENT.pack(60, 0, len(message.body)) + properties
        if len(header) > room:
            raise Unencodable(f"Headers and properties are limited to {room} bytes, got {len(header)}")
        frames = [self._frame(_METHOD, _PUBLISH + route + (b"\1" if message.mandatory else b"\0"))]
        frames.append(self._frame(_CONTENT_HEADER, header))
        body = message.body
        frames += [self._frame(_BODY, body[start : start + room]) for start in range(0, len(body), room)]
        return frames

    def _frame(self, kind: int, payload: bytes) -> bytes:
        return b"".join((_FRAME.pack(kind, self.channel_id, len(payload)), payload, _END))

    def _properties(self, message: Publication, timestamp: int) -> bytes:
        other = message.properties
        flags = 0x3800
        parts = [b"", _table(message.headers)]
        if not 0 <= message.priority <= 255:  # noqa: PLR2004 (an octet)
            raise Unencodable(f"priority must be 0 to 255, got {message.priority}")
        parts.append(_MODE_AND_PRIORITY.pack(_PERSISTENT, message.priority))
        for flag, value in (
            (0x0400, message.correlation_id),
            (0x0200, other.get("reply_to")),
            (0x0080, message.message_id),
        ):
            if value is not None:
                flags |= flag
                parts.append(_short(value))
        date = other.get("timestamp", timestamp)
        if date is not None:
            flags |= 0x0040
            parts.append(_TIME.pack(date))
        if "type" in other:
            flags |= 0x0020
            parts.append(_short(other["type"]))
        parts.append(_name(other.get("app_id", self.app_id)))
        content_flags, content = _content(message.content_type, message.content_encoding)
        parts[0] = struct.pack(">H", flags | content_flags | 0x0008) + content
        return b"".join(parts)


def _unencodable(error: Exception) -> Unencodable:
    return error if isinstance(error, Unencodable) else Unencodable(repr(error))


@lru_cache(maxsize=64)
def _content(content_type: str | None, content_encoding: str | None) -> tuple[int, bytes]:
    flags = (0x8000 if content_type is not None else 0) | (0x4000 if content_encoding is not None else 0)
    return flags, b"".join(_short(text) for text in (content_type, content_encoding) if text is not None)


def _short(text: str) -> bytes:
    raw = text.encode("utf-8", "surrogatepass")
    if len(raw) > _LONGEST_SHORT:
        raise Unencodable(f"Names and properties are limited to {_LONGEST_SHORT} bytes: {text[:80]!r}…")
    return bytes((len(raw),)) + raw


#: Names come back in every message; identifiers do not, and would only push the names out.
_name = lru_cache(maxsize=1024)(_short)


def _table(headers: Mapping[str, Any]) -> bytes:
    parts: list[bytes] = []
    for name, value in headers.items():
        if name in _ROUTING_HEADERS:
            continue
        if type(value) is str:
            raw = value.encode("utf-8", "surrogatepass")
            parts += (_name(name), b"S", _LONG.pack(len(raw)), raw)
        elif type(value) in _CONSTANTS:
            parts.append(_constant_entry(name, value))
        else:
            parts.append(_entry(name, value))
    table = b"".join(parts)
    return _LONG.pack(len(table)) + table


def _entry(name: str, value: Any) -> bytes:
    """Return one entry of a table, as the driver writes it."""
    try:
        return bytes(dumps("F", ({name: value},)))[_LONG.size :]
    except FrameSyntaxError as error:
        raise Unencodable(str(error.reply_text)) from error


#: The same few numbers and switches come with every task message.
_constant_entry = lru_cache(maxsize=1024, typed=True)(_entry)
