"""What a dead letter tells of itself, whoever wrote it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Self

from regards_processing.kernel.amqp.browsing import Letter
from regards_processing.kernel.amqp.envelope import Inbound
from regards_processing.kernel.amqp.replay import last_death, origin
from workers.contract import headers as header

_NO_REASON = "unknown"
#: Hexadecimal digits of an identity.
IDENTITY_LENGTH: Final = 32
#: What looking at a message changes.
_OF_A_DELIVERY: Final = "x-delivery-count"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A message in a dead-letter queue."""

    #: 1 for the next message of the queue.
    position: int
    reason: str
    #: The queue in which it died, and to which a replay takes it.
    died_in: str | None
    #: The exchange that first took it.
    exchange: str | None
    #: Known when RabbitMQ itself gave the message up.
    died_at: datetime | None
    sent_at: datetime | None
    tenant: str | None
    request_id: str | None
    content_type: str | None
    headers: Mapping[str, Any]
    #: AMQP properties by their AMQP names, without the headers.
    properties: Mapping[str, Any]
    #: The beginning of it, for readers that asked for no more.
    body: bytes
    #: Bytes of the whole body.
    size: int
    #: The same for equal messages; stays, whatever comes and goes before it in the queue.
    identity: str

    @classmethod
    def of(cls, letter: Letter, *, excerpt: int | None = None) -> Self:
        """Read a message; what is missing or makes no sense is left out."""
        message, death = letter.message, last_death(letter.message)
        told = (
            message.unreadable and f"Headers and properties cannot be read: {message.unreadable}",
            message.headers.get(header.EXCEPTION_MESSAGE),
            death.get("reason"),
        )
        named = {"message_id": message.message_id, "correlation_id": message.correlation_id}
        return cls(
            position=letter.position,
            reason=next((reason for reason in map(_text, told) if reason), _NO_REASON),
            died_in=origin(message),
            exchange=_text(message.headers.get(header.ORIGINAL_EXCHANGE)) or _text(death.get("exchange")),
            died_at=_time(death.get("time")),
            sent_at=_time(message.properties.get("timestamp")),
            tenant=_text(message.headers.get(header.TENANT)),
            request_id=_text(message.headers.get(header.REQUEST_ID)),
            content_type=_text(message.headers.get(header.CONTENT_TYPE)),
            headers=message.headers,
            properties={**message.properties, **{name: value for name, value in named.items() if value}},
            body=message.body[:excerpt],
            size=len(message.body),
            identity=identity_of(message),
        )


def identity_of(message: Inbound) -> str:
    """Return what tells a message from all that differ from it."""
    headers = {name: value for name, value in message.headers.items() if name != _OF_A_DELIVERY}
    facts = [headers, message.message_id, message.correlation_id]
    text = json.dumps(facts, sort_keys=True, default=repr)
    return hashlib.sha256(text.encode() + message.body).hexdigest()[:IDENTITY_LENGTH]


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _time(value: object) -> datetime | None:
    """Read a time: seconds, or the driver's own, which is UTC without saying so."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=value.tzinfo or UTC)
    try:
        return datetime.fromtimestamp(value, tz=UTC) if isinstance(value, int) else None
    except (ValueError, OverflowError, OSError):
        return None
