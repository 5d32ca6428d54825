"""Copies of messages that could not be handled, with the reason."""

from collections.abc import Mapping
from typing import Any, Final

from regards_processing.kernel.amqp.envelope import Inbound, Outbound
from regards_processing.kernel.amqp.topology import QueueSpec
from workers.contract import headers as header
from workers.contract import names

#: Characters of a traceback that are kept, the last ones; and of a reason, the first ones. Headers must fit
#: in one frame, which is 128 KiB on an unchanged RabbitMQ.
_TRACEBACK_LENGTH: Final = 8_000
_REASON_LENGTH: Final = 1_000
#: Length of the original headers, written as text, up to which they are kept.
_HEADERS_LENGTH: Final = 64_000
#: How many original headers were left out because they are too long together.
DROPPED_HEADERS: Final = "x-dropped-headers"
#: Properties that must not be repeated: an expiry would remove the copy, and RabbitMQ refuses the name of
#: another user.
_NOT_COPIED: Final = frozenset({"expiration", "user_id", "delivery_mode", "cluster_id"})
_OWN_FIELDS: Final = frozenset({"priority", "content_type", "content_encoding"})


def dead_letter(message: Inbound, *, queue: QueueSpec, reason: str, stacktrace: str) -> Outbound:
    """Return the copy of a message for the dead-letter queue of its queue, with all it came with."""
    own = message.properties
    return Outbound(
        exchange=names.DEAD_LETTER_EXCHANGE,
        routing_key=queue.dead_letter_key,
        headers=_kept(message.headers)
        | {
            header.STACKTRACE: stacktrace[-_TRACEBACK_LENGTH:],
            header.EXCEPTION_MESSAGE: reason[:_REASON_LENGTH],
            header.ORIGINAL_EXCHANGE: message.exchange,
            header.ORIGINAL_ROUTING_KEY: message.routing_key,
            header.DEATH_QUEUE: queue.name,
        },
        body=message.body,
        priority=_octet(own.get("priority")),
        content_type=own.get("content_type"),
        content_encoding=own.get("content_encoding"),
        message_id=message.message_id,
        correlation_id=message.correlation_id,
        must_route=True,
        properties={
            name: value for name, value in own.items() if name not in _NOT_COPIED and name not in _OWN_FIELDS
        },
    )


def _kept(headers: Mapping[str, Any]) -> dict[str, Any]:
    if len(repr(headers)) <= _HEADERS_LENGTH:
        return dict(headers)
    kept = {
        name: value
        for name, value in headers.items()
        if name.startswith("regards.") and isinstance(value, str) and len(value) <= _REASON_LENGTH
    }
    return kept | {DROPPED_HEADERS: len(headers) - len(kept)}


def _octet(priority: object) -> int:
    return priority if isinstance(priority, int) and 0 <= priority <= 255 else 0  # noqa: PLR2004 (an octet)
