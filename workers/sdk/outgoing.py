"""Messages on their way to the broker, and how several answers leave as one."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from workers.contract import answer_bulk, names
from workers.contract.wire import Wire

#: Answers of one message, and bytes of their bodies: past either the next message begins.
MOST_ANSWERS: Final = 64
_MOST_BYTES: Final = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A message that somebody wants to be sent."""

    exchange: str
    key: str
    wire: Wire
    #: Called once, in the thread that may acknowledge, when the broker has the message.
    confirmed: Callable[[], None] | None
    #: 0 to 255.
    priority: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """A message as AMQP has it; see `workers.transport.frames.Publication`."""

    exchange: str
    routing_key: str
    headers: Mapping[str, Any]
    body: bytes
    content_type: str = "application/json"
    content_encoding: str = "utf-8"
    correlation_id: str | None = None
    message_id: str | None = None
    priority: int = 0
    mandatory: bool = False
    properties: Mapping[str, Any] = field(default_factory=dict)


class Parcel:
    """One message: a single outgoing one, or answers to our manager, as many as come before it leaves.

    It may leave in another thread than the one that fills it.
    """

    def __init__(self, first: Outgoing) -> None:
        self.contents = [first]
        self._bytes = len(first.wire.body)
        self._left = first.exchange != names.FENCED_ANSWERS
        self._lock = threading.Lock()

    def take(self, outgoing: Outgoing) -> bool:
        """Take another answer; return False when it must go by itself or in a later message."""
        with self._lock:
            full = len(self.contents) >= MOST_ANSWERS or self._bytes >= _MOST_BYTES
            if self._left or full or outgoing.exchange != names.FENCED_ANSWERS:
                return False
            self.contents.append(outgoing)
            self._bytes += len(outgoing.wire.body)
            return True

    def leave(self) -> Publication:
        """Return the message; nothing more is taken."""
        with self._lock:
            self._left = True
        first = self.contents[0]
        if len(self.contents) == 1:
            return Publication(
                exchange=first.exchange,
                routing_key=first.key,
                headers=first.wire.headers,
                body=first.wire.body,
                correlation_id=first.wire.correlation_id,
                message_id=first.wire.message_id,
                priority=first.priority,
            )
        return Publication(
            exchange=first.exchange,
            routing_key=first.key,
            headers={},
            body=answer_bulk.join([outgoing.wire for outgoing in self.contents]),
            content_type=answer_bulk.CONTENT_TYPE,
        )
