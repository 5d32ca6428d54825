"""Consumers for the tests: one that reads a queue to its end, one that takes notes."""

import threading
import time
from collections.abc import Callable, Sequence

from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.connection import BrokerAddress
from regards_processing.kernel.amqp.consumer import BatchConsumer, Refusal
from regards_processing.kernel.amqp.embedded import EmbeddedSource
from regards_processing.kernel.amqp.envelope import Inbound
from regards_processing.kernel.amqp.loop import BulkLoop
from regards_processing.kernel.amqp.ports import BulkLimits, Source
from regards_processing.kernel.amqp.publisher import Publisher
from regards_processing.kernel.amqp.rabbitmq_source import RabbitSource
from regards_processing.kernel.amqp.topology import QueueSpec
from workers.contract.errors import MalformedMessage

DEAD_LETTERS = QueueSpec(name="regards.DLQ", dead_lettered_by_broker=False)
_PATIENCE = 20.0


class Reader:
    """Takes what is in a queue, and acknowledges it."""

    def __init__(self, address: BrokerAddress) -> None:
        self._address = address

    def read_distinct(self, queue: QueueSpec, *, expected: int) -> set[bytes]:
        """Return the bodies in a queue, until there are so many different ones: some may have come twice."""
        bodies: set[bytes] = set()
        while len(bodies) < expected:
            [message] = self.read(queue, expected=1)
            bodies.add(message.body)
        return bodies

    def read(self, queue: QueueSpec, *, expected: int) -> list[Inbound]:
        kind = EmbeddedSource if self._address.embedded else RabbitSource
        source: Source = kind(
            address=self._address,
            queues=[queue],
            topology=topology.shared_topology(),
            limits=BulkLimits(messages=max(expected, 1), body_bytes=2**30),
        )
        messages: list[Inbound] = []
        deadline = time.monotonic() + _PATIENCE
        while len(messages) < expected and time.monotonic() < deadline:
            source.read(1.0)
            messages += source.take(queue)
        if messages:
            source.acknowledge(queue)
        source.close()
        return messages


class NoteTaker(BatchConsumer[Inbound]):
    """Notes what it gets and stops the loop when it has seen enough; a test says what a body does to it."""

    queue = topology.requests()

    def __init__(
        self,
        *,
        expected: int,
        on_body: Callable[[bytes], object] = lambda _body: None,
        queue: QueueSpec | None = None,
        distinct: bool = False,
    ) -> None:
        """Expect so many messages, or so many different bodies."""
        self.queue = queue or topology.requests()
        self.stop = threading.Event()
        self.bulks: list[list[bytes]] = []
        self.handled: list[Inbound] = []
        self._expected = expected
        self._distinct = distinct
        self._seen: list[bytes] = []
        self.on_body = on_body

    def decode(self, message: Inbound) -> Inbound:
        if message.body == b"malformed":
            self._note(message)
            raise MalformedMessage("not what we agreed")
        return message

    def handle(self, items: Sequence[Inbound]) -> Sequence[Refusal]:
        self.bulks.append([item.body for item in items])
        for item in items:
            self.on_body(item.body)
        self.handled += items
        self._note(*items)
        return ()

    def _note(self, *messages: Inbound) -> None:
        self._seen += [message.body for message in messages]
        if len(set(self._seen) if self._distinct else self._seen) >= self._expected:
            self.stop.set()


class Ticks:
    """Notes when it is called, and stops a loop at the last call that is expected."""

    def __init__(self, *, expected: int, stop: threading.Event) -> None:
        self.at: list[float] = []
        self._expected = expected
        self._stop = stop

    def __call__(self) -> None:
        self.at.append(time.monotonic())
        if len(self.at) >= self._expected:
            self._stop.set()


def consume(
    consumer: NoteTaker,
    *,
    address: BrokerAddress,
    publisher: Publisher,
    on_tick: Callable[[], None] = lambda: None,
    limits: BulkLimits | None = None,
) -> BulkLoop:
    """Run a loop until its consumer has seen enough."""
    loop = BulkLoop(
        [consumer],
        address=address,
        topology=topology.service_topology("m1") + topology.worker_topology("Unzip"),
        publisher=publisher,
        limits=limits,
        on_tick=on_tick,
    )
    loop.run(consumer.stop)
    return loop
