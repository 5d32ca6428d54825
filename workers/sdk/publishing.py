"""How a wire message becomes a kombu message; the same for every transport."""

from typing import Any, Final

from amqp import spec

from workers.contract import names
from workers.contract.wire import Wire

PERSISTENT: Final = 2
TRANSIENT: Final = 1
#: The broker looks for the next message from the highest level down, one by one: with 255 levels a message of
#: priority 0 or 1 costs it several times as much as one of 255. Whoever answers is also done with the work.
_PRIORITY: Final = names.MAX_PRIORITY


def publish(
    *, channel: Any, exchange: str, wire: Wire, delivery_mode: int, key: str = names.WORKER_ROUTING_KEY
) -> None:
    """Publish a JSON message on a channel of any transport."""
    message = _message(channel, wire, delivery_mode)
    channel.basic_publish(message, exchange=exchange, routing_key=key)


def write(*, channel: Any, exchange: str, key: str, wire: Wire) -> None:
    """Write a persistent JSON message to an AMQP channel, and do nothing else.

    The library's ``basic_publish`` first reads what the broker has sent. On a connection that also consumes
    it would start the next request in the middle of answering the last one.
    """
    message = _message(channel, wire, PERSISTENT)
    channel.send_method(spec.Basic.Publish, "Bssbb", (0, exchange, key, False, False), message)


def _message(channel: Any, wire: Wire, delivery_mode: int) -> Any:
    properties: dict[str, Any] = {"delivery_mode": delivery_mode}
    if wire.correlation_id is not None:
        properties["correlation_id"] = wire.correlation_id
    if wire.message_id is not None:
        properties["message_id"] = wire.message_id
    return channel.prepare_message(
        wire.body,
        priority=_PRIORITY,
        content_type="application/json",
        content_encoding="utf-8",
        headers=wire.headers,
        properties=properties,
    )
