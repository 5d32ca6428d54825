"""The session's broker, as one who fills queues and empties them."""

import time
from typing import Any

import pika
from django.conf import settings

from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.browsers import browsing
from regards_processing.kernel.amqp.connection import address_from_settings
from regards_processing.kernel.amqp.envelope import Inbound, Outbound
from regards_processing.kernel.amqp.publisher import Publisher
from regards_processing.kernel.amqp.topology import QueueSpec

DLQ = topology.DEAD_LETTERS
ANSWERS = topology.RESPONSE_QUEUE
ANSWERS_DLQ = topology.RESPONSE_DEAD_LETTERS


class Mailbox:
    """Publishes to queues, and takes what is in them."""

    def __init__(self) -> None:
        """Declare all queues, and empty them."""
        self._publisher = Publisher(address=address_from_settings())
        self.put("regards.DLQ", b"first")
        for queue in topology.shared_topology().queues:
            self.take(queue.name)

    def put(self, queue: str, *bodies: bytes, headers: dict[str, Any] | None = None, **fields: Any) -> None:
        """Publish messages with the same headers."""
        self._publisher.publish_all(
            [
                Outbound(exchange="", routing_key=queue, headers=headers or {}, body=body, **fields)
                for body in bodies
            ]
        )

    def bury(self, *bodies: bytes, request_id: str = "r-1", **fields: Any) -> None:
        """Publish answers that died, to their dead-letter queue."""
        headers = {
            "regards.tenant": "demo",
            "regards.request.id": request_id,
            "x-exception-message": "it broke",
            "x-exception-stacktrace": "here\nand there",
            "x-original-exchange": "regards.worker.manager.response",
            "x-original-routingKey": "#",
            "x-death-queue": ANSWERS,
        }
        self.put(ANSWERS_DLQ, *bodies, headers=headers, **fields)

    def take(self, queue: str) -> list[Inbound]:
        """Empty a queue; return its messages in order."""
        with browsing(QueueSpec(name=queue)) as browser:
            letters = list(browser.letters())
            browser.remove(letters)
        return [letter.message for letter in letters]

    def reject(self, queue: str) -> None:
        """Let RabbitMQ give up the next message of a queue; return when it is among the dead letters."""
        with pika.BlockingConnection(pika.URLParameters(settings.BROKER_URL)) as connection:
            channel = connection.channel()
            frame, _, _ = channel.basic_get(queue)
            channel.basic_reject(frame.delivery_tag, requeue=False)
            while not channel.queue_declare(ANSWERS_DLQ, passive=True).method.message_count:
                time.sleep(0.01)

    def bodies(self, queue: str) -> list[bytes]:
        """Empty a queue; return its bodies in order."""
        return [message.body for message in self.take(queue)]

    def close(self) -> None:
        self._publisher.close()
