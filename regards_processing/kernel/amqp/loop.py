"""The loop of a process that consumes queues in bulks."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from django.conf import settings
from django.db import close_old_connections, connection

from regards_processing.kernel.amqp.connection import (
    BrokerAddress,
    address_from_settings,
    instance_address_from_settings,
    limits_from_settings,
    supported_extras,
)
from regards_processing.kernel.amqp.consumer import BatchConsumer, is_down
from regards_processing.kernel.amqp.dead_letters import publish_dead_letters
from regards_processing.kernel.amqp.embedded import EmbeddedSource
from regards_processing.kernel.amqp.errors import VirtualHostMissing
from regards_processing.kernel.amqp.ports import BulkLimits, Source
from regards_processing.kernel.amqp.publisher import MessagePublisher, publisher
from regards_processing.kernel.amqp.rabbitmq_source import RabbitSource
from regards_processing.kernel.amqp.topology import Topology, service_topology, tenants_topology
from regards_processing.kernel.amqp.virtual_hosts import VirtualHosts, virtual_hosts_from_settings
from regards_processing.kernel.db.outages import is_not_now
from regards_processing.kernel.observability.bulks import measure_bulk

log = logging.getLogger(__name__)

#: Seconds between two ticks.
_TICK: Final = 1.0
#: Seconds between two looks for queues that come and go.
_LOOK: Final = 5.0
#: A turn that handled as many messages is busy: the next one waits a little (seconds) for a bigger bulk,
#: whose fixed cost more messages share. A turn with fewer is not: a lone message is never kept waiting.
_BUSY: Final = 8
_LINGER: Final = 0.01
#: Seconds before the first and the later attempts to connect again.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 5.0


@dataclass(slots=True)
class QueueCounters:
    """What happened on one queue since the loop was made."""

    bulks: int = 0
    messages: int = 0
    #: Messages that went to a dead-letter queue.
    refused: int = 0
    #: Seconds spent in handling, publishing dead letters and acknowledging.
    seconds: float = 0.0


class BulkLoop:
    """Reads all queues over one connection and hands each queue's bulk to its consumer.

    Bulks are handled in the order of the consumers. A bulk closes when nothing more has arrived or it is
    full, so an idle system adds no delay. When the database or the broker is down nothing is acknowledged
    and the loop connects again, for as long as it takes.
    """

    def __init__(
        self,
        consumers: Sequence[BatchConsumer[Any]],
        *,
        address: BrokerAddress,
        topology: Topology,
        publisher: MessagePublisher,
        limits: BulkLimits | None = None,
        virtual_hosts: VirtualHosts | None = None,
        on_tick: Callable[[], None] = lambda: None,
        guests: Callable[[], Sequence[BatchConsumer[Any]]] = lambda: (),
        look_every: float = _LOOK,
    ) -> None:
        """Prepare the loop.

        Args:
            topology: what is declared at each connection.
            publisher: what publishes the dead letters.
            virtual_hosts: makes those that are missing; by default nobody does.
            on_tick: called about every second, also while the broker is away.
            guests: gives the consumers of queues that come and go, as they are now; their bulks come last.
            look_every: seconds between two calls of ``guests``.
        """
        self._consumers = tuple(consumers)
        self._address = address
        self._topology = topology
        self._publisher = publisher
        self._limits = limits or BulkLimits()
        self._virtual_hosts = virtual_hosts or VirtualHosts()
        self._on_tick = on_tick
        self._give_guests = guests
        self._guests: tuple[BatchConsumer[Any], ...] = ()
        self._look_every = look_every
        self._next_look = 0.0
        self._next_tick = 0.0
        self._pause = _FIRST_PAUSE
        self._linger = 0.0
        #: By queue name.
        self.counters = {consumer.queue.name: QueueCounters() for consumer in consumers}

    def run(self, stop: threading.Event) -> None:
        """Consume until ``stop`` is set; the bulk in hand is finished first."""
        self.persist(partial(self._serve, stop), stop)

    def persist(self, work: Callable[[], None], stop: threading.Event) -> None:
        """Do something that needs database or broker, again from its beginning as often as one is away.

        Ends when it is done, or ``stop`` is set.
        """
        while not stop.is_set():
            try:
                work()
            except Exception as error:
                if not is_down(error):
                    raise
                log.warning(
                    "database or broker is not available, connecting again",
                    extra={"action": "loop.reconnect", "after_seconds": self._pause, "reason": repr(error)},
                )
                close_old_connections()
                if is_not_now(error):
                    # It still answers, and would be kept: it may lead to what has become a standby.
                    connection.close()
                self._wait(stop)
            else:
                return

    def silent_for(self) -> float:
        """Return how long ago the loop last turned, in seconds; may be asked from any thread."""
        return time.monotonic() - (self._next_tick - _TICK)

    def _serve(self, stop: threading.Event) -> None:
        source = self._open()
        try:
            self._virtual_hosts.create_others()
            log.info("consuming", extra={"action": "loop.started", "broker": str(self._address)})
            self._next_look = 0.0
            while not stop.is_set():
                self._look(source)
                self._turn(source)
        finally:
            source.close()

    def _look(self, source: Source) -> None:
        """Read the queues that there are now."""
        if time.monotonic() < self._next_look:
            return
        self._next_look = time.monotonic() + self._look_every
        self._guests = tuple(self._give_guests())
        source.follow({guest.queue: guest.topology for guest in self._guests})

    def _turn(self, source: Source) -> None:
        until = min(self._next_tick, self._next_look)
        source.read(max(0.0, until - time.monotonic()), linger=self._linger)
        handled = 0
        # Of the guests whoever has the least goes first: it waits for nobody's flood.
        guests = sorted(self._guests, key=lambda guest: source.waiting(guest.queue))
        for consumer in (*self._consumers, *guests):
            bulk = source.take(consumer.queue)
            if bulk:
                self._work(source, consumer, bulk)
                self._pause = _FIRST_PAUSE
                handled += len(bulk)
            self._tick(source)
        self._publisher.settle()
        self._linger = _LINGER if handled >= _BUSY else 0.0

    def _work(self, source: Source, consumer: BatchConsumer[Any], bulk: Sequence[Any]) -> None:
        started = time.perf_counter()
        copies = consumer.process(bulk)
        if copies:
            publish_dead_letters(copies, publisher=self._publisher)
        source.acknowledge(consumer.queue)
        seconds = time.perf_counter() - started
        counters = self.counters.setdefault(consumer.queue.name, QueueCounters())
        counters.bulks += 1
        counters.messages += len(bulk)
        counters.refused += len(copies)
        counters.seconds += seconds
        measure_bulk(queue=consumer.queue.name, messages=len(bulk), refused=len(copies), seconds=seconds)

    def _tick(self, source: Source | None) -> None:
        if time.monotonic() < self._next_tick:
            return
        self._next_tick = time.monotonic() + _TICK
        if source is not None:
            source.tick()
        try:
            self._on_tick()
        except Exception as error:
            if is_down(error):
                raise
            log.exception("tick failed", extra={"action": "loop.tick_failed"})

    def _wait(self, stop: threading.Event) -> None:
        """Pause, each time for longer, with ticks that may fail as well."""
        until = time.monotonic() + self._pause
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)
        while (left := until - time.monotonic()) > 0 and not stop.wait(min(left, _TICK)):
            try:
                self._tick(None)
            except Exception as error:
                if not is_down(error):
                    raise
                log.info("tick failed", extra={"action": "loop.tick_failed", "reason": repr(error)})

    def _open(self) -> Source:
        try:
            return self._connect()
        except VirtualHostMissing:
            if not self._virtual_hosts.create(self._address):
                raise
            return self._connect()

    def _connect(self) -> Source:
        kind = EmbeddedSource if self._address.embedded else RabbitSource
        return kind(
            address=self._address,
            queues=[consumer.queue for consumer in self._consumers],
            topology=self._topology + supported_extras(self._address),
            limits=self._limits,
        )


def instance_loop_from_settings(consumers: Sequence[BatchConsumer[Any]]) -> BulkLoop:
    """Return the loop that reads the virtual host of the instance; its dead letters go to the other one."""
    return BulkLoop(
        consumers,
        address=instance_address_from_settings(),
        topology=tenants_topology(),
        publisher=publisher(),
        limits=limits_from_settings(),
        virtual_hosts=VirtualHosts(management_url=settings.BROKER_MANAGEMENT_URL),
    )


def loop_from_settings(
    consumers: Sequence[BatchConsumer[Any]],
    *,
    on_tick: Callable[[], None] = lambda: None,
    guests: Callable[[], Sequence[BatchConsumer[Any]]] = lambda: (),
) -> BulkLoop:
    """Return the loop of a manager, for the broker and the sizes that the settings name."""
    return BulkLoop(
        consumers,
        address=address_from_settings(),
        topology=service_topology(settings.AMQP_INSTANCE_ID),
        publisher=publisher(),
        limits=limits_from_settings(),
        virtual_hosts=virtual_hosts_from_settings(),
        on_tick=on_tick,
        guests=guests,
    )
