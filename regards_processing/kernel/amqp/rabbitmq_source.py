"""Reading queues of RabbitMQ in bulks."""

import logging
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from amqp.exceptions import NotFound

from regards_processing.kernel.amqp.connection import (
    BrokerAddress,
    broker_errors,
    declare,
    open_connection,
)
from regards_processing.kernel.amqp.envelope import Inbound
from regards_processing.kernel.amqp.errors import TopologyConflict
from regards_processing.kernel.amqp.ports import BulkLimits
from regards_processing.kernel.amqp.rabbitmq import Frames, open_channel
from regards_processing.kernel.amqp.topology import QueueSpec, Topology
from workers.transport.tolerance import UNREADABLE

log = logging.getLogger(__name__)

#: Seconds; the broker gives up a silent connection after twice as long.
_HEARTBEAT = 60
#: Most messages that AMQP lets a consumer have unacknowledged.
_MOST_IN_HAND = 65_535


@dataclass(slots=True)
class _Tally:
    """What all lanes hold, counted as it comes and goes: it is asked for after every frame."""

    #: Messages of a queue beyond which nothing more is read.
    most: int
    messages: int = 0
    body_bytes: int = 0
    #: Lanes that hold a bulk of theirs, and those that hold the most.
    full: int = 0
    brimming: int = 0


class _Lane:
    """One queue on one channel, so that an acknowledgement of several messages means this queue's."""

    def __init__(
        self, *, queue: QueueSpec, topology: Topology, channel: Any, limits: BulkLimits, tally: _Tally
    ) -> None:
        self.queue = queue
        self._limits = limits
        self._tally = tally
        #: What is declared when the queue was deleted.
        self.topology = topology
        self.channel = channel
        self.waiting: deque[tuple[int, Inbound]] = deque()
        self.last_taken = 0
        self.cancelled = False
        channel.basic_qos(0, min(2 * limits.messages, _MOST_IN_HAND), False)
        self.consume()

    def consume(self) -> None:
        self.cancelled = False
        self.channel.basic_consume(self.queue.name, callback=self._receive, on_cancel=self._on_cancel)

    def take(self) -> list[Inbound]:
        bulk: list[Inbound] = []
        before, size = len(self.waiting), 0
        while self.waiting and len(bulk) < self._limits.messages and size < self._limits.body_bytes:
            self.last_taken, message = self.waiting.popleft()
            size += len(message.body)
            bulk.append(message)
        self._count(before, -size)
        return bulk

    def close(self) -> None:
        """Read no more, and forget what waits: the broker gives it to others, or to us when we come back."""
        before, size = len(self.waiting), sum(len(message.body) for _, message in self.waiting)
        self.waiting.clear()
        self._count(before, -size)
        self.channel.close()

    def acknowledge(self) -> None:
        self.channel.basic_ack(self.last_taken, multiple=True)

    def _receive(self, message: Any) -> None:
        inbound = as_inbound(self.queue.name, message)
        self.waiting.append((message.delivery_info["delivery_tag"], inbound))
        self._count(len(self.waiting) - 1, len(inbound.body))

    def _count(self, before: int, size: int) -> None:
        """Note that so many messages waited before, and how many bytes have come since."""
        after, tally, bulk = len(self.waiting), self._tally, self._limits.messages
        tally.messages += after - before
        tally.body_bytes += size
        tally.full += (after >= bulk) - (before >= bulk)
        tally.brimming += (after >= tally.most) - (before >= tally.most)

    def _on_cancel(self, _tag: str) -> None:
        self.cancelled = True


class RabbitSource:
    """Reads several queues over one connection."""

    def __init__(
        self, *, address: BrokerAddress, queues: Sequence[QueueSpec], topology: Topology, limits: BulkLimits
    ) -> None:
        self._address = address
        self._limits = limits
        self._tally = _Tally(most=limits.messages)
        self._guests: set[str] = set()
        #: Queues with another definition, which the log has told.
        self._conflicts: set[str] = set()
        self._frames = Frames(open_connection(address=address, heartbeat=_HEARTBEAT))
        with broker_errors(address), self._frames.closed_on_error():
            declare(open_channel(self._frames), topology)
            self._lanes = {queue.name: self._lane(queue, topology) for queue in queues}

    def read(self, timeout: float, *, linger: float = 0.0) -> None:
        """Read until the socket stays empty for ``linger`` seconds, or a bulk is full."""
        with broker_errors(self._address):
            self._consume_again()
            until = time.monotonic() + (linger if self._tally.messages else timeout)
            while not self._enough() and self._frames.handle_next(max(0.0, until - time.monotonic())):
                # With a bulk at hand nothing is waited for; but what has arrived may be for another queue.
                until = min(until, time.monotonic() + (0.0 if self._tally.full else linger))

    def take(self, queue: QueueSpec) -> Sequence[Inbound]:
        """Return one bulk of a queue."""
        lane = self._lanes.get(queue.name)
        return lane.take() if lane else ()

    def waiting(self, queue: QueueSpec) -> int:
        """Return how many messages of a queue could be taken."""
        lane = self._lanes.get(queue.name)
        return len(lane.waiting) if lane else 0

    def follow(self, queues: Mapping[QueueSpec, Topology]) -> None:
        """Open a channel for each queue that has come, and close those of queues that have gone."""
        with broker_errors(self._address):
            for name in self._guests - {queue.name for queue in queues}:
                self._guests.remove(name)
                self._lanes.pop(name).close()
            for queue, topology in queues.items():
                if queue.name not in self._lanes:
                    self._admit(queue, topology)

    def acknowledge(self, queue: QueueSpec) -> None:
        """Acknowledge everything that was taken from a queue, with one frame."""
        with broker_errors(self._address):
            self._lanes[queue.name].acknowledge()

    def tick(self) -> None:
        """Send a heartbeat when it is time for one."""
        with broker_errors(self._address):
            self._frames.driver.heartbeat_tick()

    def close(self) -> None:
        """Close the connection."""
        self._frames.close()

    def _lane(self, queue: QueueSpec, topology: Topology) -> _Lane:
        messages = min(queue.bulk or self._limits.messages, self._limits.messages)
        return _Lane(
            queue=queue,
            topology=topology,
            channel=open_channel(self._frames),
            limits=replace(self._limits, messages=messages),
            tally=self._tally,
        )

    def _admit(self, queue: QueueSpec, topology: Topology) -> None:
        channel = open_channel(self._frames)
        try:
            declare(channel, topology)
        except (TopologyConflict, NotFound) as error:
            self._tell(queue, error)
        else:
            self._lanes[queue.name] = self._lane(queue, topology)
            self._guests.add(queue.name)
        finally:
            channel.close()

    def _tell(self, queue: QueueSpec, error: Exception) -> None:
        if queue.name not in self._conflicts:
            self._conflicts.add(queue.name)
            fields = {"action": "queue.conflict", "queue": queue.name, "reason": str(error)}
            log.error("queue is not read: it, or what it is bound to, is not as it should be", extra=fields)

    def _enough(self) -> bool:
        """Return whether no more is to be held in memory."""
        return self._tally.brimming > 0 or self._tally.body_bytes >= self._limits.body_bytes

    def _consume_again(self) -> None:
        """Declare and consume queues that were deleted."""
        for lane in self._lanes.values():
            if lane.cancelled:
                declare(lane.channel, lane.topology)
                lane.consume()


def as_inbound(queue: str, message: Any) -> Inbound:
    """Return a message of the driver as the platform sees it."""
    delivery, properties = message.delivery_info, message.properties
    headers = properties.pop("application_headers", None) or {}
    return Inbound(
        queue=queue,
        exchange=delivery["exchange"],
        routing_key=delivery["routing_key"],
        headers=headers,
        body=message.body or b"",
        redelivered=delivery["redelivered"],
        message_id=properties.pop("message_id", None),
        correlation_id=properties.pop("correlation_id", None),
        properties=properties,
        unreadable=str(headers[UNREADABLE]) if UNREADABLE in headers else None,
    )
