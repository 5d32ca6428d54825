"""What the engine measures in database and broker: requests, workers, queues.

Note: few series.
    Labels are tenants, statuses and worker types. Anybody who can send heartbeats can invent worker types, so
    the number of types is limited; those beyond it are added up as type ``other``.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import chain
from typing import Final

from django.conf import settings
from django.db.models import Case, Count, Max, Min, Q, Sum, Value, When
from prometheus_client.core import GaugeMetricFamily, Metric

from regards_processing.kernel.amqp.connection import address_from_settings
from regards_processing.kernel.amqp.queue_depths import queue_depths
from regards_processing.kernel.amqp.topology import own_request_queues, shared_topology, worker_topology
from regards_processing.kernel.tenancy.models import Tenant
from regards_processing.kernel.tenancy.queries import tenants_with_own_request_queue
from worker_manager import fleet_queries, queries
from worker_manager.models import KeptContent, Pause, PauseKind, Request, WorkerInstance, WorkerType
from worker_manager.states import AWAITING_ANSWER, RequestStatus

_OTHER: Final = "other"
#: Instead of a worker type: requests whose content type nobody is configured for.
_UNKNOWN: Final = "unknown"
#: Instead of a worker type: requests that are with the worker types of a parallel step, or failed there.
_PARALLEL: Final = "parallel-step"
#: Somebody must take these up.
_WAITING: Final = frozenset(
    {RequestStatus.TO_DISPATCH, RequestStatus.NO_WORKER_AVAILABLE, RequestStatus.DISPATCHED}
)
_NAME: Final = Case(
    When(step_worker_type__isnull=False, then="step_worker_type"),
    When(plan__isnull=False, then=Value(_PARALLEL)),
    default=Value(_UNKNOWN),
)
_EVERYBODY: Final = "a measure of the whole platform"


def requests(at: datetime) -> Iterator[Metric]:
    """Count the requests on their way, and measure how long the oldest ones wait.

    One statement, which takes longer the more requests there are; whoever calls it spaces it out.
    """
    groups = list(
        Request.objects.across_tenants(because=_EVERYBODY)
        .order_by()
        .values_list("tenant_id", "status", _NAME)
        .annotate(count=Count("*"), oldest=Min("moved_at"))
    )
    tenants = dict(Tenant.objects.values_list("pk", "name"))
    by_type: Counter[str] = Counter()
    for _, _, name, count, _ in groups:
        by_type[name] += count
    told_apart = {worker_type for worker_type, _ in by_type.most_common(settings.METRICS_MOST_TYPES)}
    counts: Counter[tuple[str, ...]] = Counter()
    ages: dict[tuple[str, ...], float] = {}
    for tenant_id, status, named, count, oldest in groups:
        name = named if named in told_apart else _OTHER
        counts[tenants.get(tenant_id, ""), status, name] += count
        if status in _WAITING:
            age = max(0.0, (at - oldest).total_seconds())
            ages[status, name] = max(age, ages.get((status, name), 0.0))
    yield _gauges(
        "regards_requests",
        "Requests on their way or kept for an operator, by tenant, status and worker type of their step",
        ("tenant", "status", "type"),
        counts,
    )
    yield _gauges(
        "regards_request_waiting_seconds",
        "How long the oldest request has been waiting in a status, by worker type of its step",
        ("status", "type"),
        ages,
    )


def workers(at: datetime) -> Iterator[Metric]:
    """Count the workers that are alive, and measure how long ago each type was last heard."""
    since = at - timedelta(seconds=settings.HEARTBEAT_EXPIRY)
    found = list(
        WorkerInstance.objects.order_by()
        .values_list("worker_type")
        .annotate(alive=Count("pk", filter=Q(beaten_at__gt=since)), last=Max("beaten_at"))
        # Those that were heard last are the ones to tell apart.
        .order_by("-last", "worker_type")[: settings.METRICS_MOST_TYPES]
    )
    yield _gauges(
        "regards_worker_instances",
        "Workers that are alive, by worker type",
        ("type",),
        {(worker_type,): alive for worker_type, alive, _ in found},
    )
    yield _gauges(
        "regards_worker_heartbeat_age_seconds",
        "Time since a worker of the type was last heard",
        ("type",),
        {(worker_type,): max(0.0, (at - last).total_seconds()) for worker_type, _, last in found},
    )


def flow(at: datetime) -> Iterator[Metric]:
    """Measure how full the places of the worker types that are alive are; three statements."""
    live = queries.live_types(at=at)
    names = sorted(live)[: settings.METRICS_MOST_TYPES]
    counts = fleet_queries.counts(tenant=None)
    in_flight: dict[tuple[str, ...], float] = {
        (name,): sum(counts.get(name, {}).get(status, 0) for status in AWAITING_ANSWER) for name in names
    }
    held: dict[tuple[str, ...], float] = {
        (name,): counts.get(name, {}).get(fleet_queries.HELD, 0) for name in names
    }
    for name, meaning, values in (
        ("in_flight", "Requests, and branches of parallel steps, that workers have, or will get", in_flight),
        ("held", "Requests, and branches, that wait for a place, or for a pause to end", held),
    ):
        yield _gauges(f"regards_requests_{name}", f"{meaning}, by worker type", ("type",), values)
    yield _gauges(
        "regards_requests_in_flight_limit",
        "Requests that a worker type may have in flight; types without a limit are not among them",
        ("type",),
        {(name,): limit for name in names if (limit := live[name].limit) is not None},
    )
    paused = Pause.objects.across_tenants(because=_EVERYBODY).order_by()
    kinds = dict(paused.values_list("kind").annotate(count=Count("*")))
    yield _gauges(
        "regards_pauses",
        "Worker types and content types that are paused, for a tenant or for everybody",
        ("kind",),
        {(kind.value,): kinds.get(kind, 0) for kind in PauseKind},
    )


def stored_contents(_at: datetime) -> Iterator[Metric]:
    """Add up the contents that are files of the shared storage; one statement."""
    noted = KeptContent.objects.across_tenants(because=_EVERYBODY).order_by()
    sums = {
        (name,): (files, size)
        for name, files, size in noted.values_list("tenant__name").annotate(
            files=Count("*"), bytes=Sum("size")
        )
    }
    for name, meaning, which in (
        ("regards_stored_contents", "Contents of requests that are files of the shared storage", 0),
        ("regards_stored_content_bytes", "What these contents take, in bytes", 1),
    ):
        values: dict[tuple[str, ...], float] = {tenant: both[which] for tenant, both in sums.items()}
        yield _gauges(name, f"{meaning}, by tenant", ("tenant",), values)


def queues(_at: datetime) -> Iterator[Metric]:
    """Ask the broker how much waits in our queues, dead letters included."""
    tenants = tenants_with_own_request_queue()[: settings.METRICS_MOST_TYPES]
    found = queue_depths(
        address=address_from_settings(),
        queues=[*_queue_names(), *(queue.name for queue in own_request_queues(tenants))],
        timeout=settings.METRICS_TIMEOUT,
    )
    yield _gauges(
        "regards_queue_messages",
        "Messages that wait in a queue; those that a consumer holds are not among them",
        ("queue",),
        {(depth.queue,): depth.messages for depth in found},
    )
    yield _gauges(
        "regards_queue_consumers",
        "Consumers of a queue",
        ("queue",),
        {(depth.queue,): depth.consumers for depth in found if depth.consumers is not None},
    )


def _queue_names() -> list[str]:
    configured = (
        WorkerType.objects.across_tenants(because=_EVERYBODY).order_by().values_list("worker_type").distinct()
    )
    heard = WorkerInstance.objects.order_by().values_list("worker_type").distinct()
    types = sorted(
        {
            name
            for (name,) in chain(
                configured[: settings.METRICS_MOST_TYPES], heard[: settings.METRICS_MOST_TYPES]
            )
        }
    )[: settings.METRICS_MOST_TYPES]
    topologies = [shared_topology(), *(worker_topology(name) for name in types)]
    names = [queue.name for topology in topologies for queue in topology.queues]
    return [*dict.fromkeys([*names, settings.CELERY_TASK_DEFAULT_QUEUE])]


def _gauges(
    name: str, meaning: str, labels: Sequence[str], values: Mapping[tuple[str, ...], float]
) -> Metric:
    family = GaugeMetricFamily(name, meaning, labels=labels)
    for key, value in values.items():
        family.add_metric(key, value)
    return family
