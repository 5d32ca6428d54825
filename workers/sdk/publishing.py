"""How a wire message becomes a kombu message; the same for every transport."""

from typing import Any, Final

from workers.contract import names
from workers.contract.wire import Wire

PERSISTENT: Final = 2
TRANSIENT: Final = 1


def publish(*, channel: Any, exchange: str, wire: Wire, delivery_mode: int, key: str = names.WORKER_ROUTING_KEY) -> None:
    """Publish a JSON message on a channel; returns before the broker has confirmed it."""
    properties: dict[str, Any] = {"delivery_mode": delivery_mode}
    if wire.correlation_id is not None:
        properties["correlation_id"] = wire.correlation_id
    if wire.message_id is not None:
        properties["message_id"] = wire.message_id
    message = channel.prepare_message(
        wire.body,
        content_type="application/json",
        content_encoding="utf-8",
        headers=wire.headers,
        properties=properties,
    )
    channel.basic_publish(message, exchange=exchange, routing_key=key)
