"""What belongs to one queue of ours, found by its name."""

from collections.abc import Iterator

from django.conf import settings

from regards_processing.kernel.amqp.topology import (
    BindingSpec,
    ExchangeSpec,
    QueueSpec,
    Topology,
    shared_topology,
    worker_topology,
)
from workers.contract import names


def topology_of(queue: str) -> Topology | None:
    """Return the queue of this name, its routes and their exchanges; ``None`` when it is not ours.

    Queues of one manager or client are left out: they go with their owner.
    """
    for known in (shared_topology(), jobs_topology(), *map(worker_topology, _worker_types(queue))):
        queues = tuple(spec for spec in known.queues if spec.name == queue)
        bindings = tuple(binding for binding in known.bindings if binding.queue == queue)
        sources = {binding.exchange for binding in bindings}
        if queues:
            exchanges = tuple(exchange for exchange in known.exchanges if exchange.name in sources)
            return Topology(exchanges=exchanges, queues=queues, bindings=bindings)
    return None


def jobs_topology() -> Topology:
    """Return the queue of operator jobs and sweeps, as Celery declares it."""
    name = settings.CELERY_TASK_DEFAULT_QUEUE
    return Topology(
        exchanges=(ExchangeSpec(name=name, type="direct"),),
        queues=(QueueSpec(name=name, max_priority=None, dead_lettered_by_broker=False),),
        bindings=(BindingSpec(queue=name, exchange=name, routing_key=name),),
    )


def _worker_types(queue: str) -> Iterator[str]:
    for name_of in (names.request_queue, names.task_queue):
        prefix, _, suffix = name_of("*").partition("*")
        worker_type = queue.removeprefix(prefix).removesuffix(suffix)
        if worker_type and name_of(worker_type) == queue:
            yield worker_type
