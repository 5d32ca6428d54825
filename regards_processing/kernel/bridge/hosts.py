"""Which virtual hosts tenants have, and what leads there."""

import logging
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.topology import BindingSpec, ExchangeSpec, QueueSpec, Topology
from workers.contract import headers, names

log = logging.getLogger(__name__)

#: What leaves the platform, by exchange; who reads it there is known to nobody here.
_LEAVING: Final = (
    topology.RESPONSE_EVENT_EXCHANGE,
    topology.CONFIGURATION_EXCHANGE,
    topology.NOTIFICATION_EXCHANGE,
    topology.SESSION_STEP_EXCHANGE,
    topology.EXECUTION_RESULT_EXCHANGE,
    topology.RIGHTS_EXCHANGE,
    topology.PLUGIN_EXCHANGE,
    *topology.plugin_exchanges(),
)
#: Virtual hosts that cannot be, which the log has told.
_refused: Final[set[str]] = set()


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantHost:
    """A virtual host, and whose it is: tenants whose names differ by case alone share one."""

    name: str
    tenants: frozenset[str]

    @property
    def departures(self) -> QueueSpec:
        """Return the queue of what waits to be passed on to it."""
        return topology.departures(self.name)

    @property
    def way_out(self) -> Topology:
        """Return what the platform declares where it works, with what leads there."""
        queue = self.departures
        of_tenants = (
            BindingSpec(queue=queue.name, exchange=topology.BRIDGE_EXCHANGE, headers={headers.TENANT: tenant})
            for tenant in sorted(self.tenants)
        )
        # Cancellations name dispatches and no tenant: fleets know theirs.
        told = BindingSpec(queue=queue.name, exchange=names.CANCELLATIONS)
        way = Topology(
            exchanges=(ExchangeSpec(name=topology.BRIDGE_EXCHANGE, type="headers"),),
            queues=(queue,),
            bindings=(*of_tenants, told),
            links=tuple((exchange, topology.BRIDGE_EXCHANGE) for exchange in _LEAVING),
        )
        return topology.shared_topology() + way

    @property
    def own(self) -> Topology:
        """Return what is declared in the virtual host itself: all that the platform declares in its own."""
        queue = topology.bridged_heartbeats()
        route = BindingSpec(
            queue=queue.name, exchange=names.HEARTBEAT_EXCHANGE, routing_key=names.WORKER_ROUTING_KEY
        )
        beats = Topology(queues=(queue,), bindings=(route,))
        counts = map(topology.tenant_topology, sorted(self.tenants))
        return sum(counts, topology.shared_topology() + beats)


def tenant_hosts(tenants: Iterable[str], *, namespace: str, taken: Collection[str]) -> list[TenantHost]:
    """Return the virtual hosts of tenants, by name; of a tenant that can have none, the log tells once.

    Args:
        namespace: what the names begin with.
        taken: virtual hosts that are no tenant's.
    """
    found: dict[str, set[str]] = defaultdict(set)
    for tenant in tenants:
        found[f"{namespace}.{tenant.lower()}"].add(tenant)
    hosts = [TenantHost(name=name, tenants=frozenset(of)) for name, of in sorted(found.items())]
    possible = [host for host in hosts if host.name not in taken and _is_possible(host)]
    for name in {host.name for host in hosts} - {host.name for host in possible} - _refused:
        _refused.add(name)
        log.error(
            "tenant gets no virtual host: the name is too long, or that of another one",
            extra={"action": "bridge.impossible", "virtual_host": name},
        )
    return possible


def _is_possible(host: TenantHost) -> bool:
    # Of a dead letter whose home has no possible name, headers of its sender would say where it goes.
    arrivals = topology.refused_arrivals(host.name, topology.requests())
    return all(
        map(topology.is_possible, [host.departures, arrivals, *map(topology.session_counts, host.tenants)])
    )
