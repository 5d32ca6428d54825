"""Where messages of the outbox are to go."""

from collections import Counter
from collections.abc import Iterable

from regards_processing.kernel.amqp.envelope import Outbound, UnreadableBulk, unpack
from regards_processing.kernel.outbox.models import OutboxEntry


def destinations(entries: Iterable[OutboxEntry]) -> str:
    """Tell worker types and exchanges, with the number of messages for each, most first."""
    counts: Counter[str] = Counter()
    for entry in entries:
        try:
            counts.update(map(_destination, unpack(bytes(entry.messages))))
        except (UnreadableBulk, ValueError):
            counts["nowhere, they cannot be read"] += entry.message_count
    return ", ".join(f"{name} ({count})" for name, count in counts.most_common())


def _destination(message: Outbound) -> str:
    if message.worker_type is not None:
        return f"worker type {message.worker_type}"
    return f"exchange {message.exchange}" if message.exchange else f"queue {message.routing_key}"
