"""The client's side of the broker: a thin connection, so that the client is not what is measured."""

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import unquote, urlsplit

import amqp

from workers.transport import rabbitmq

PERSISTENT = 2
TRANSIENT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueState:
    """What the broker says about a queue."""

    #: Ready to be delivered.
    messages: int
    consumers: int


def connected(url: str) -> Any:
    """Return a connection of the driver to a broker, open."""
    parts = urlsplit(url)
    connection = amqp.Connection(
        host=f"{parts.hostname}:{parts.port or 5672}",
        userid=unquote(parts.username or "guest"),
        password=unquote(parts.password or "guest"),
        virtual_host=unquote(parts.path[1:]),
        heartbeat=0,
        connect_timeout=10,
        **rabbitmq.transport_options(),
    )
    connection.connect()
    return connection


class Broker:
    """One connection with one channel; not to be shared among threads."""

    def __init__(self, url: str) -> None:
        self._connection = connected(url)
        self._channel: Any = self._connection.channel()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._connection.collect()

    @property
    def server(self) -> str:
        """The broker's name and version."""
        properties = self._connection.server_properties
        return f"{properties.get('product')} {properties.get('version')}"

    def publish(
        self,
        *,
        exchange: str,
        body: bytes | str,
        headers: Mapping[str, object],
        routing_key: str = "",
        delivery_mode: int = PERSISTENT,
        **properties: object,
    ) -> None:
        """Publish a message, not confirmed: who publishes counts what comes out at the other end."""
        message = amqp.Message(
            body, application_headers=dict(headers), delivery_mode=delivery_mode, **properties
        )
        self._channel.basic_publish(message, exchange=exchange, routing_key=routing_key)

    def own_queue(self, name: str, *, fanout: str | None = None) -> None:
        """Declare a durable queue, bound to a fanout exchange if one is given."""
        self._channel.queue_declare(queue=name, durable=True, auto_delete=False)
        if fanout is not None:
            self._channel.exchange_declare(exchange=fanout, type="fanout", durable=True, auto_delete=False)
            self._channel.queue_bind(queue=name, exchange=fanout)

    def consume(self, queue: str) -> socket.socket:
        """Start to consume a queue and return the socket, on which deliveries arrive from now on."""
        self._channel.basic_consume(queue=queue, no_ack=True)
        taken: socket.socket = self._connection.transport.sock
        return taken

    def send(self, frames: bytes) -> None:
        """Publish messages that are encoded already (`bench.stream`)."""
        self._connection.transport.write(frames)

    def state(self, queue: str) -> QueueState:
        """Ask for the state of a queue; one that does not exist has nothing."""
        try:
            _, messages, consumers = self._channel.queue_declare(queue=queue, passive=True)
        except amqp.NotFound:
            # The broker closed the channel.
            self._channel = self._connection.channel()
            return QueueState(messages=0, consumers=0)
        return QueueState(messages=messages, consumers=consumers)

    def purge(self, queue: str) -> None:
        """Empty a queue."""
        self._channel.queue_purge(queue)
