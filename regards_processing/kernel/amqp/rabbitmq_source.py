"""Reading queues of RabbitMQ in bulks."""

import logging
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import replace
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
from regards_processing.kernel.amqp.tolerance import UNREADABLE
from regards_processing.kernel.amqp.topology import QueueSpec, Topology

log = logging.getLogger(__name__)

#: Seconds; the broker gives up a silent connection after twice as long.
_HEARTBEAT = 60
#: Most messages that AMQP lets a consumer have unacknowledged.
_MOST_IN_HAND = 65_535


class _Lane:
    """One queue on one channel, so that an acknowledgement of several messages means this queue's."""

    def __init__(self, *, queue: QueueSpec, topology: Topology, channel: Any, limits: BulkLimits) -> None:
        self.queue = queue
        self._limits = limits
        #: What is declared when the queue was deleted.
        self.topology = topology
        self.channel = channel
        self.waiting: deque[tuple[int, Inbound]] = deque()
        self.waiting_bytes = 0
        self.last_taken = 0
        self.cancelled = False
        channel.basic_qos(0, min(2 * limits.messages, _MOST_IN_HAND), False)
        self.consume()

    def consume(self) -> None:
        self.cancelled = False
        self.channel.basic_consume(self.queue.name, callback=self._receive, on_cancel=self._on_cancel)

    @property
    def full(self) -> bool:
        """Return whether a bulk is full."""
        return len(self.waiting) >= self._limits.messages

    def take(self) -> list[Inbound]:
        bulk: list[Inbound] = []
        size = 0
        while self.waiting and len(bulk) < self._limits.messages and size < self._limits.body_bytes:
            self.last_taken, message = self.waiting.popleft()
            size += len(message.body)
            bulk.append(message)
        self.waiting_bytes -= size
        return bulk

    def acknowledge(self) -> None:
        self.channel.basic_ack(self.last_taken, multiple=True)

    def _receive(self, message: Any) -> None:
        inbound = as_inbound(self.queue.name, message)
        self.waiting.append((message.delivery_info["delivery_tag"], inbound))
        self.waiting_bytes += len(inbound.body)

    def _on_cancel(self, _tag: str) -> None:
        self.cancelled = True


class RabbitSource:
    """Reads several queues over one connection."""

    def __init__(
        self, *, address: BrokerAddress, queues: Sequence[QueueSpec], topology: Topology, limits: BulkLimits
    ) -> None:
        self._address = address
        self._limits = limits
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
            until = time.monotonic() + (linger if self._something() else timeout)
            while not self._enough() and self._frames.handle_next(max(0.0, until - time.monotonic())):
                # With a bulk at hand nothing is waited for; but what has arrived may be for another queue.
                until = min(until, time.monotonic() + (0.0 if self._full() else linger))

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
                # The broker gives what was not acknowledged to others, or to us when we come back.
                self._lanes.pop(name).channel.close()
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

    def _something(self) -> bool:
        return any(lane.waiting for lane in self._lanes.values())

    def _full(self) -> bool:
        return any(lane.full for lane in self._lanes.values())

    def _enough(self) -> bool:
        """Return whether no more is to be held in memory."""
        lanes = self._lanes.values()
        return (
            max(len(lane.waiting) for lane in lanes) >= self._limits.messages
            or sum(lane.waiting_bytes for lane in lanes) >= self._limits.body_bytes
        )

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
