"""An operator's hands on a broker: a client that shares no code with the platform."""

from collections.abc import Iterable
from itertools import islice
from typing import Any

import pika
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import ChannelClosedByBroker


class Operator:
    """Declares queues as it likes, fills them and looks into them."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._connection = pika.BlockingConnection(pika.URLParameters(url))
        self.channel: BlockingChannel = self._connection.channel()

    def close(self) -> None:
        self._connection.close()

    def declare(self, queue: str, *, durable: bool = True, **arguments: Any) -> None:
        """Declare a queue; underscores stand for dashes in the names of arguments."""
        given = {name.replace("_", "-"): value for name, value in arguments.items()}
        self.channel.queue_declare(queue, durable=durable, arguments=given)

    def fill(self, queue: str, bodies: Iterable[str], **properties: Any) -> None:
        """Publish persistent messages, and return when the broker has them."""
        for body in bodies:
            self.channel.basic_publish(
                "", queue, body.encode(), pika.BasicProperties(delivery_mode=2, **properties)
            )
        # An answer to a later question on the same channel: everything before it was handled.
        self.count(queue)

    def count(self, queue: str) -> int | None:
        """Return how many messages a queue has; none when there is no queue."""
        channel = self._connection.channel()
        try:
            declared = channel.queue_declare(queue, passive=True)
        except ChannelClosedByBroker:
            return None
        count: int = declared.method.message_count
        channel.close()
        return count

    def take_all(self, queue: str) -> list[tuple[str, Any]]:
        """Empty a queue; return bodies and properties in order."""
        channel = self._connection.channel()
        left = self.count(queue) or 0
        messages = channel.consume(queue, auto_ack=True, inactivity_timeout=10)
        taken = [(body.decode(), properties) for _, properties, body in islice(messages, left)]
        channel.cancel()
        channel.close()
        return taken

    def bodies(self, queue: str) -> list[str]:
        return [body for body, _ in self.take_all(queue)]

    def delete(self, *queues: str) -> None:
        for queue in queues:
            self.channel.queue_delete(queue)
