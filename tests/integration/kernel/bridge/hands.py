"""What clients, workers and managers do on a broker, on pika: it shares no code with the platform."""

import time
from collections.abc import Mapping
from typing import Any

import pika
from pika.exceptions import ChannelClosedByBroker, UnroutableError

#: Whose virtual hosts exist.
TENANTS = ("Acme", "demo")
_PATIENCE = 30.0
_STEP = 0.02


class Hands:
    """A connection to one virtual host."""

    def __init__(self, url: str) -> None:
        self._connection = pika.BlockingConnection(pika.URLParameters(url))
        self.channel = self._connection.channel()
        self.channel.confirm_delivery()

    def close(self) -> None:
        self._connection.close()

    def hear(self, exchange: str) -> str:
        """Bind a queue to an exchange that is there by and by; return its name."""
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                queue = self.channel.queue_declare("", exclusive=True).method.queue
                self.channel.queue_bind(queue, exchange, "#")
            except ChannelClosedByBroker:
                assert time.monotonic() < deadline, f"there is no exchange {exchange}"
                self._again()
            else:
                return str(queue)

    def send(
        self, exchange: str, headers: Mapping[str, Any], body: str, key: str = "", **properties: Any
    ) -> None:
        """Publish until a queue takes it: whoever reads may still be on the way."""
        told = pika.BasicProperties(headers=dict(headers), delivery_mode=2, **properties)
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                self.channel.basic_publish(exchange, key, body.encode(), told, mandatory=True)
            except (ChannelClosedByBroker, UnroutableError):
                assert time.monotonic() < deadline, f"no queue takes what {exchange!r} gets"
                self._again()
            else:
                return

    def take(self, queue: str) -> tuple[Any, Any, str]:
        """Wait for a message of a queue that is there by and by; return delivery, properties and body."""
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            try:
                delivery, properties, body = self.channel.basic_get(queue, auto_ack=True)
            except ChannelClosedByBroker:
                self._again()
                continue
            if delivery is not None:
                return delivery, properties, body.decode()
            time.sleep(_STEP)
        raise AssertionError(f"nothing came to {queue}")

    def count(self, queue: str) -> int:
        """Return how many messages wait in a queue."""
        return int(self.channel.queue_declare(queue, passive=True).method.message_count)

    def is_read(self, queue: str) -> bool:
        """Return whether somebody consumes a queue."""
        return bool(self.channel.queue_declare(queue, passive=True).method.consumer_count)

    def has(self, queue: str) -> bool:
        """Return whether there is such a queue."""
        try:
            self.count(queue)
        except ChannelClosedByBroker:
            self._again()
            return False
        return True

    def purge(self, queue: str) -> None:
        self.channel.queue_purge(queue)

    def _again(self) -> None:
        time.sleep(_STEP)
        if not self.channel.is_open:
            self.channel = self._connection.channel()
            self.channel.confirm_delivery()
