"""Move the messages of a queue, on an operator's request."""

from collections.abc import Callable
from datetime import datetime

from regards_processing.kernel.amqp.connection import address_from_settings
from regards_processing.kernel.amqp.queue_topology import part_of, topology_of
from regards_processing.kernel.amqp.relocation import definition_to_replace, relocate
from regards_processing.kernel.amqp.topology import Topology
from regards_processing.kernel.audit.services import Actor, record
from regards_processing.kernel.bridge.services import hosts_from_settings
from regards_processing.kernel.errors import DomainError


class UnknownQueue(DomainError):
    """The queue is not one of the platform's."""

    code = "UNKNOWN_QUEUE"
    http_status = 404


def move_messages(
    *, queue: str, actor: Actor, at: datetime, on_moved: Callable[[int], object] = lambda _count: None
) -> int:
    """Give a queue the definition that the contract says; return how many messages it kept.

    Both the beginning and the end are in the audit trail: what happens in between is no transaction.

    Raises:
        UnknownQueue: there is no such queue among ours.
        NothingToRelocate: it is as it has to be.
        QueueInUse: a process has to be stopped first.
        BrokerUnavailable: the connection was lost; call again to go on.
    """
    topology = topology_of(queue) or _of_departures(queue)
    if topology is None:
        raise UnknownQueue(
            f"{queue!r} is not a queue of the platform; `manage.py doctor` names those that differ"
        )
    address = address_from_settings()
    definition_to_replace(queue=topology.queues[0], address=address)
    moved = 0

    def count(messages: int) -> None:
        nonlocal moved
        moved += messages
        on_moved(messages)

    record(actor=actor, tenant=None, action="queue.move_begun", target=queue, at=at)
    relocate(topology=topology, address=address, on_moved=count)
    record(actor=actor, tenant=None, action="queue.moved", target=queue, at=at, details={"messages": moved})
    return moved


def _of_departures(queue: str) -> Topology | None:
    """Return what belongs to the queue of what waits for the virtual host of a tenant."""
    hosts = (host for host in hosts_from_settings() if host.departures.name == queue)
    return next((part_of(host.way_out, queue) for host in hosts), None)
