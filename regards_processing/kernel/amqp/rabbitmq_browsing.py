"""Looking through a queue of RabbitMQ: messages are taken, and given back when the connection ends."""

from collections.abc import Iterator, Sequence
from typing import Any

from amqp.exceptions import NotFound, ResourceLocked

from regards_processing.kernel.amqp.browsing import Letter
from regards_processing.kernel.amqp.connection import BrokerAddress, broker_errors, open_connection
from regards_processing.kernel.amqp.rabbitmq import Frames, open_channel
from regards_processing.kernel.amqp.rabbitmq_source import as_inbound
from regards_processing.kernel.amqp.topology import QueueSpec


class RabbitBrowser:
    """Looks through one queue of one virtual host."""

    def __init__(self, *, address: BrokerAddress, queue: QueueSpec) -> None:
        self._address = address
        self._queue = queue.name
        self._frames = Frames(open_connection(address=address))
        with broker_errors(address), self._frames.closed_on_error():
            self._channel: Any = open_channel(self._frames)
            # A question about a queue that does not exist closes its channel, and would give messages back.
            self._questions: Any = open_channel(self._frames)

    def letters(self) -> Iterator[Letter]:
        """Take messages one by one; the broker holds them for us and puts them back in their places."""
        for position in range(1, self._count() + 1):
            with broker_errors(self._address):
                taken = self._channel.basic_get(self._queue)
            if taken is None:
                return
            mark = taken.delivery_info["delivery_tag"]
            yield Letter(position=position, message=as_inbound(self._queue, taken), mark=mark)

    def has(self, queue: str) -> bool:
        """Ask the broker."""
        return self._declared(queue) is not None

    def remove(self, letters: Sequence[Letter]) -> None:
        """Acknowledge messages."""
        with broker_errors(self._address):
            for letter in letters:
                self._channel.basic_ack(letter.mark)

    def close(self) -> None:
        """Close the connection; the broker has read the acknowledgements when it answers."""
        self._frames.close()

    def _count(self) -> int:
        return self._declared(self._queue) or 0

    def _declared(self, queue: str) -> int | None:
        """Return how many messages a queue has ready; ``None`` when there is no such queue."""
        with broker_errors(self._address):
            try:
                return int(self._questions.queue_declare(queue, passive=True).message_count)
            except NotFound:
                return None
            except ResourceLocked:
                # It is another connection's alone: it exists, and its messages are not ours to see.
                return 0
