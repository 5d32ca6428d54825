"""How a wire message becomes a kombu message; the same for every transport."""

from typing import Any, Final

from amqp import spec

from workers.contract import names
from workers.contract.wire import Wire
from workers.contract.work_answer import WorkAnswer

PERSISTENT: Final = 2
TRANSIENT: Final = 1


def route(answer: WorkAnswer) -> tuple[str, str]:
    """Return exchange and key of an answer: the contract's, or ours if the manager fences its dispatches."""
    if answer.dispatch_id is None:
        return names.RESPONSE_EXCHANGE, names.WORKER_ROUTING_KEY
    return names.FENCED_ANSWERS, ""


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
        content_type="application/json",
        content_encoding="utf-8",
        headers=wire.headers,
        properties=properties,
    )
