"""A message on its way to another queue, with all it came with."""

from collections.abc import Mapping
from typing import Any, Final

from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.envelope import Inbound, Outbound
from workers.transport.frames import is_writable

#: Properties that must not be repeated: an expiry would remove the copy, and RabbitMQ refuses the name of
#: another user.
_NOT_COPIED: Final = frozenset({"expiration", "user_id", "delivery_mode", "cluster_id"})
#: Headers of what was put back into a queue of departures: the exchange by which it left, and the key.
LEFT_BY: Final = "x-bridge-exchange"
LEFT_WITH_KEY: Final = "x-bridge-routing-key"
_OWN_FIELDS: Final = frozenset({"priority", "content_type", "content_encoding"})


def copied(
    message: Inbound,
    *,
    exchange: str,
    routing_key: str,
    headers: Mapping[str, Any] | None = None,
    must_route: bool = True,
    dated: bool = False,
) -> Outbound:
    """Return a persistent copy for another route; ``headers`` replace its own.

    Properties that AMQP cannot write are left out: a part of a bulk, or a file of the embedded broker, may
    have any.

    Args:
        must_route: it must reach a queue.
        dated: it gets a date if it has none. Else it stays without: copies of one message are known by being
            equal, and a date that each of them gets by itself tells them apart.
    """
    own = _writable(message.properties)
    undated = {} if dated else {"timestamp": None}
    names = _writable({"message_id": message.message_id, "correlation_id": message.correlation_id})
    return Outbound(
        exchange=exchange,
        routing_key=routing_key,
        headers=message.headers if headers is None else headers,
        body=message.body,
        priority=_octet(own.get("priority")),
        content_type=own.get("content_type"),
        content_encoding=own.get("content_encoding"),
        message_id=names.get("message_id"),
        correlation_id=names.get("correlation_id"),
        must_route=must_route,
        properties=undated
        | {name: value for name, value in own.items() if name not in _NOT_COPIED and name not in _OWN_FIELDS},
    )


def put_back(
    message: Inbound, *, queue: str, headers: Mapping[str, Any], exchange: str, routing_key: str
) -> Outbound:
    """Return a copy that goes straight to a queue, though the message came by an exchange.

    A bridge passes a message on to the exchange by which it left the platform: there, the copy says which.
    """
    if exchange and topology.is_of_departures(queue):
        headers = {**headers, LEFT_BY: exchange, LEFT_WITH_KEY: routing_key}
    return copied(message, exchange="", routing_key=queue, headers=headers)


def _writable(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in properties.items() if is_writable(name, value)}


def _octet(priority: object) -> int:
    return priority if isinstance(priority, int) and 0 <= priority <= 255 else 0  # noqa: PLR2004 (an octet)
