"""The fleets at one look; bounded as the looks of `overview` are, where `services.fleets` counts exactly."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db.models import Count, Q

from regards_processing.kernel.tenancy.models import Tenant
from worker_manager import queries
from worker_manager.models import WorkerInstance, WorkerType
from worker_manager.overview import StatusCounts, status_counts
from worker_manager.states import AWAITING_ANSWER, WAITING, RequestStatus

_RUNNING: Final = frozenset({RequestStatus.RUNNING})


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """Who serves a worker type, and what there is to do for it."""

    worker_type: str
    alive: int
    silent: int
    in_flight: int
    running: int
    waiting: int
    held: int
    #: None: as many as there are.
    limit: int | None
    #: For everybody, or for the tenant that is looked at.
    paused: bool
    #: For somebody, where all tenants are looked at.
    paused_for_some: bool
    #: There is at least as much to do as is told.
    cut: bool


def fleet_overview(*, tenant: Tenant | None, at: datetime, most: int) -> list[Fleet]:
    """Return the worker types that are served, configured or needed, by name; four statements.

    Fleets serve every tenant; requests are those of one, or of all, and ``most`` of each status are counted.
    """
    instances = _instances(at)
    configured = WorkerType.objects.within_reach(tenant).order_by().values_list("worker_type", flat=True)
    live = queries.live_types(at=at)
    counts = status_counts(tenant=tenant, most=most)
    names = instances.keys() | set(configured.distinct()) | {name for name, _ in counts.by_type}
    return [_fleet(name, instances, live, counts, tenant) for name in sorted(names)]


def count_alive(*, at: datetime) -> int:
    """Count the instances that are alive, each once however many worker types it serves; one statement."""
    alive = WorkerInstance.objects.filter(beaten_at__gt=_last_heard(at))
    return alive.values("worker_id").distinct().count()


def _last_heard(at: datetime) -> datetime:
    return at - timedelta(seconds=settings.HEARTBEAT_EXPIRY)


def _instances(at: datetime) -> dict[str, tuple[int, int]]:
    """Return how many instances of each worker type are alive, and how many are known."""
    is_alive = Q(beaten_at__gt=_last_heard(at))
    groups = WorkerInstance.objects.order_by().values_list("worker_type")
    counted = groups.annotate(alive=Count("pk", filter=is_alive), known=Count("pk"))
    return {name: (alive, known) for name, alive, known in counted}


def _fleet(
    name: str,
    instances: Mapping[str, tuple[int, int]],
    live: queries.LiveTypes,
    counts: StatusCounts,
    tenant: Tenant | None,
) -> Fleet:
    alive, known = instances.get(name, (0, 0))
    paused = live.pauses.worker_types
    return Fleet(
        worker_type=name,
        alive=alive,
        silent=known - alive,
        in_flight=counts.of_type(name, AWAITING_ANSWER),
        running=counts.of_type(name, _RUNNING),
        waiting=counts.of_type(name, WAITING),
        held=counts.held.get(name, 0),
        limit=live[name].limit if name in live else None,
        paused=(None, name) in paused or (tenant is not None and (tenant.pk, name) in paused),
        paused_for_some=tenant is None and any(meant == name for _, meant in paused),
        cut=bool(counts.cut & (AWAITING_ANSWER | WAITING)),
    )
