"""Copies of messages that could not be handled, with the reason."""

from collections.abc import Mapping
from typing import Any, Final

from regards_processing.kernel.amqp.copies import copied
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


def dead_letter(message: Inbound, *, queue: QueueSpec, reason: str, stacktrace: str) -> Outbound:
    """Return the copy of a message for the dead-letter queue of its queue, with all it came with."""
    return copied(
        message,
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
