"""The two ways between the platform and one virtual host, and the threads that keep them open."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, Self

from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.connection import BrokerAddress
from regards_processing.kernel.amqp.consumer import BatchConsumer
from regards_processing.kernel.amqp.loop import BulkLoop
from regards_processing.kernel.amqp.ports import BulkLimits
from regards_processing.kernel.amqp.publisher import Publisher
from regards_processing.kernel.amqp.virtual_hosts import VirtualHosts
from regards_processing.kernel.bridge.forwarding import (
    AnswerArrivals,
    Arrivals,
    Departures,
    HeartbeatArrivals,
)
from regards_processing.kernel.bridge.hosts import TenantHost
from workers.contract import names

log = logging.getLogger(__name__)

#: Seconds between two looks for worker types that have been heard of.
_LOOK: Final = 1.0


class Passage:
    """Loops that run side by side, each in a thread of its own, until it is closed."""

    def __init__(self, name: str, loops: Sequence[BulkLoop], *, publishers: Sequence[Publisher] = ()) -> None:
        """Name the threads, and what is given back at the end."""
        self._loops = tuple(loops)
        self._publishers = tuple(publishers)
        self._stop = threading.Event()
        self._started = time.monotonic()
        self._threads = [
            threading.Thread(target=self._run, args=(loop,), name=f"{name}-{number}", daemon=True)
            for number, loop in enumerate(loops)
        ]

    def start(self) -> Self:
        """Let the loops run."""
        self._started = time.monotonic()
        for thread in self._threads:
            thread.start()
        return self

    @property
    def alive(self) -> bool:
        """Return whether all loops run."""
        return all(thread.is_alive() for thread in self._threads)

    def silent_for(self) -> float:
        """Return how long ago that loop turned that has been silent for longest, in seconds."""
        # One that is still to turn for the first time has not been silent since the machine was started.
        return min(time.monotonic() - self._started, max(loop.silent_for() for loop in self._loops))

    def leave(self) -> None:
        """Have the loops end with the bulk that is in hand."""
        self._stop.set()

    def close(self) -> None:
        """Wait until the loops have ended."""
        self.leave()
        for thread in self._threads:
            thread.join()
        for publisher in self._publishers:
            publisher.close()

    def _run(self, loop: BulkLoop) -> None:
        try:
            loop.run(self._stop)
        except Exception:
            # Whoever looks whether all are alive ends the process: it is started again, as a manager is.
            log.exception("loop ended", extra={"action": "bridge.loop_ended"})


class Crossings:
    """Opens the passages of one platform."""

    def __init__(
        self, *, address: BrokerAddress, app_id: str, limits: BulkLimits, management_url: str = ""
    ) -> None:
        """Say where the platform works."""
        self._address = address
        self._app_id = app_id
        self._limits = limits
        self._management_url = management_url
        self._publisher = self._publisher_at(address)

    def between(self, host: TenantHost, *, heard: Callable[[str], None]) -> Passage:
        """Join a virtual host; ``heard`` is told the worker types whose heartbeats come over."""
        there = self._address.at(host.name)
        sender = self._publisher_at(there)
        ways = [
            self._loop(self._arrivals(host, heard), address=there, declared=host.own),
            self._loop(
                [Departures(queue=host.departures, publisher=sender)],
                address=self._address,
                declared=host.way_out,
            ),
        ]
        return Passage(host.name, ways, publishers=[sender])

    def of_dispatches(self, guests: Callable[[], Sequence[BatchConsumer[Any]]]) -> Passage:
        """Pass on dispatches; ``guests`` gives the consumers of their queues, as they are now."""
        loop = self._loop([], address=self._address, declared=topology.shared_topology(), guests=guests)
        return Passage("dispatches", [loop])

    @property
    def publisher(self) -> Publisher:
        """Return what publishes where the platform works."""
        return self._publisher

    def close(self) -> None:
        """Give back what the passages share."""
        self._publisher.close()

    def _arrivals(self, host: TenantHost, heard: Callable[[str], None]) -> list[BatchConsumer[Any]]:
        """Return the consumers of what comes from a virtual host, in the order their bulks are handled."""

        def arrivals(queue: topology.QueueSpec, exchange: str, key: str = "") -> Arrivals:
            kind = AnswerArrivals if queue == topology.fenced_answers() else Arrivals
            return kind(queue=queue, exchange=exchange, routing_key=key, host=host, publisher=self._publisher)

        counts = map(topology.session_counts, sorted(host.tenants))
        return [
            HeartbeatArrivals(publisher=self._publisher, heard=heard),
            arrivals(topology.fenced_answers(), names.FENCED_ANSWERS),
            arrivals(topology.answers(), names.RESPONSE_EXCHANGE, names.WORKER_ROUTING_KEY),
            arrivals(topology.request_dead_letters(), names.REQUEST_DEAD_LETTERS),
            *(arrivals(queue, topology.UNICAST_EXCHANGE, queue.name) for queue in counts),
            arrivals(topology.session_deletions(), topology.SESSION_DELETE_EXCHANGE),
            arrivals(topology.source_deletions(), topology.SOURCE_DELETE_EXCHANGE),
            arrivals(topology.downloaded_outputs(), topology.DOWNLOADED_EXCHANGE),
            arrivals(topology.execution_requests(), topology.EXECUTION_REQUEST_EXCHANGE),
            arrivals(topology.execution_cancellations(), topology.EXECUTION_CANCELLATIONS),
            arrivals(topology.requests(), topology.REQUEST_EXCHANGE),
        ]

    def _loop(
        self,
        consumers: Sequence[BatchConsumer[Any]],
        *,
        address: BrokerAddress,
        declared: topology.Topology,
        guests: Callable[[], Sequence[BatchConsumer[Any]]] = lambda: (),
    ) -> BulkLoop:
        return BulkLoop(
            consumers,
            address=address,
            topology=declared,
            # Dead letters are kept where the platform works: that is where operators look.
            publisher=self._publisher,
            limits=self._limits,
            virtual_hosts=VirtualHosts(management_url=self._management_url),
            guests=guests,
            look_every=_LOOK,
        )

    def _publisher_at(self, address: BrokerAddress) -> Publisher:
        return Publisher(address=address, app_id=self._app_id)
