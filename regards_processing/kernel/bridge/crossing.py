"""The two ways between the platform and one virtual host."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.connection import BrokerAddress
from regards_processing.kernel.amqp.consumer import BatchConsumer
from regards_processing.kernel.amqp.loop import BulkLoop
from regards_processing.kernel.amqp.ports import BulkLimits
from regards_processing.kernel.amqp.publisher import Publisher
from regards_processing.kernel.amqp.side_loops import SideLoops
from regards_processing.kernel.amqp.virtual_hosts import VirtualHosts
from regards_processing.kernel.bridge.forwarding import (
    AnswerArrivals,
    Arrivals,
    Departures,
    HeartbeatArrivals,
)
from regards_processing.kernel.bridge.hosts import TenantHost
from workers.contract import names

#: Seconds between two looks for worker types that have been heard of.
_LOOK: Final = 1.0


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

    def between(self, host: TenantHost, *, heard: Callable[[str], None]) -> SideLoops:
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
        return SideLoops(host.name, ways, publishers=[sender])

    def of_dispatches(self, guests: Callable[[], Sequence[BatchConsumer[Any]]]) -> SideLoops:
        """Pass on dispatches; ``guests`` gives the consumers of their queues, as they are now."""
        loop = self._loop([], address=self._address, declared=topology.shared_topology(), guests=guests)
        return SideLoops("dispatches", [loop])

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
