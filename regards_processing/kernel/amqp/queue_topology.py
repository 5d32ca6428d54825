"""What belongs to one queue of ours, found by its name."""

from collections.abc import Callable, Iterator

from django.conf import settings

from regards_processing.kernel.amqp.topology import (
    BindingSpec,
    ExchangeSpec,
    QueueSpec,
    Topology,
    configuration_updates,
    heartbeats,
    requests_of,
    session_counts,
    shared_topology,
    sorted_topology,
    tenant_topology,
    worker_topology,
)
from workers.contract import names


def topology_of(queue: str) -> Topology | None:
    """Return the queue of this name, its routes and their exchanges; ``None`` when it is not ours.

    Queues of one manager or client are left out: they go with their owner.
    """
    of_types = map(worker_topology, _named_by(names.request_queue, names.task_queue, queue=queue))
    of_tenants = map(tenant_topology, _named_by(_naming(session_counts), queue=queue))
    sorted_out = map(sorted_topology, _named_by(_naming(requests_of), queue=queue))
    for known in (shared_topology(), jobs_topology(), *of_types, *of_tenants, *sorted_out):
        found = part_of(known, queue)
        if found.queues:
            return found
    return None


def part_of(known: Topology, queue: str) -> Topology:
    """Return the queue of this name, its routes and their exchanges; nothing when it is not there."""
    bindings = tuple(binding for binding in known.bindings if binding.queue == queue)
    sources = {binding.exchange for binding in bindings}
    return Topology(
        exchanges=tuple(exchange for exchange in known.exchanges if exchange.name in sources),
        queues=tuple(spec for spec in known.queues if spec.name == queue),
        bindings=bindings,
    )


def queue_of_manager(queue: str) -> QueueSpec | None:
    """Return the queue of this name that one manager has for itself; ``None`` when it is none."""
    for spec_of in (heartbeats, configuration_updates):
        for instance in _named_by(_naming(spec_of), queue=queue):
            return spec_of(instance)
    return None


def jobs_topology() -> Topology:
    """Return the queue of operator jobs and sweeps, as Celery declares it."""
    name = settings.CELERY_TASK_DEFAULT_QUEUE
    return Topology(
        exchanges=(ExchangeSpec(name=name, type="direct"),),
        queues=(QueueSpec(name=name, max_priority=None, dead_lettered_by_broker=False),),
        bindings=(BindingSpec(queue=name, exchange=name, routing_key=name),),
    )


def _naming(spec_of: Callable[[str], QueueSpec]) -> Callable[[str], str]:
    return lambda part: spec_of(part).name


def _named_by(*names_of: Callable[[str], str], queue: str) -> Iterator[str]:
    """Give the worker type, or the tenant, that a queue is named for."""
    for name_of in names_of:
        prefix, _, suffix = name_of("*").partition("*")
        part = queue.removeprefix(prefix).removesuffix(suffix)
        if part and name_of(part) == queue:
            yield part
