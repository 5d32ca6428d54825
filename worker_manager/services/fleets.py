"""The fleets of the platform, as they are now: who serves a worker type, and what a tenant has there.

Each function is a constant number of statements. Fleets serve every tenant; requests are those of one
tenant, or of all where none is given.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db.models import Count, Max, Min, Q, QuerySet, Sum

from regards_processing.kernel.errors import DomainError
from regards_processing.kernel.tenancy.models import Tenant
from worker_manager import fleet_queries, queries
from worker_manager.fleet_queries import Counts
from worker_manager.models import Branch, FinishedRequest, Request, WorkerInstance, WorkerType
from worker_manager.queries import LiveTypes
from worker_manager.services.statistics import worker_statistics
from worker_manager.states import AWAITING_ANSWER, WAITING, RequestStatus

#: The time over which what has ended of late is counted, in seconds.
LATE: Final = 60
#: The time over which attempts are summed up, and the requests that are looked at for it: the newest.
_STATISTICS: Final = timedelta(hours=1)
_STATISTICS_REQUESTS: Final = 2000
#: Instances of a fleet that are told apart: those heard last.
_MEMBERS: Final = 2000
#: Running requests of a fleet that are named: those that have run longest.
_NAMED: Final = 1000

#: What is told of one fleet, by its name in JSON.
Row = dict[str, Any]


class UnknownFleet(DomainError):
    """Nobody has heard of this worker type."""

    code = "UNKNOWN_FLEET"
    http_status = 404

    def __init__(self, *, worker_type: str) -> None:
        super().__init__(f"No worker of type {worker_type} was heard of late, and none is configured")


def list_fleets(*, tenant: Tenant | None, at: datetime) -> list[Row]:
    """Return the worker types that somebody serves, or that are configured, by name."""
    return list(_rows(tenant, at, worker_type=None))


def read_fleet(*, tenant: Tenant | None, worker_type: str, at: datetime) -> Row:
    """Return one worker type, with its instances (those heard last).

    Raises:
        UnknownFleet: no instance is known, and the worker type is not configured.
    """
    row = next(_rows(tenant, at, worker_type=worker_type), None)
    if row is None:
        raise UnknownFleet(worker_type=worker_type)
    return row | {"members": _members(tenant, at, worker_type)}


def _rows(tenant: Tenant | None, at: datetime, *, worker_type: str | None) -> Iterator[Row]:
    of_type = {} if worker_type is None else {"worker_type": worker_type}
    instances = _instances(WorkerInstance.objects.filter(**of_type), at)
    configured = set(
        WorkerType.objects.within_reach(tenant).filter(**of_type).values_list("worker_type", flat=True)
    )
    requests = fleet_queries.counts(tenant=tenant, worker_type=worker_type)
    live = queries.live_types(at=at)
    finished = _finished(tenant, at, worker_type)
    statistics = _statistics(tenant, at)
    for name in sorted(instances.keys() | configured | requests.keys()):
        yield {
            "workerType": name,
            "configured": name in configured,
            **_served(instances.get(name, ())),
            **_moving(requests.get(name, {})),
            **_flow(name, tenant, live),
            "finishedOfLate": finished.get(name, 0),
            "statistics": statistics.get(name),
        }


def _statistics(tenant: Tenant | None, at: datetime) -> dict[str, Row]:
    """Return what the attempts of the last hour look like, by worker type; since when is said."""
    found = worker_statistics(tenant=tenant, since=at - _STATISTICS, at=at, most=_STATISTICS_REQUESTS)
    return {
        one.worker_type: {
            "since": found.since,
            "attempts": one.attempts,
            "perMinute": one.per_minute,
            "errorShare": one.error_share,
            "queueSeconds": one.queue_time,
            "runSeconds": one.run_time,
        }
        for one in found.workers
    }


def _instances(known: QuerySet[WorkerInstance], at: datetime) -> dict[str, list[Mapping[str, Any]]]:
    """Return the kinds of instance of each worker type: they differ by version and protocol."""
    is_alive = Q(beaten_at__gt=at - timedelta(seconds=settings.HEARTBEAT_EXPIRY))
    groups = known.values("worker_type", "version", "protocol").annotate(
        alive=Count("pk", filter=is_alive),
        known=Count("pk"),
        places=Sum("concurrency", filter=is_alive),
        last=Max("beaten_at"),
        first=Min("first_beaten_at"),
    )
    found: dict[str, list[Mapping[str, Any]]] = {}
    for group in groups.order_by("worker_type", "version", "protocol"):
        found.setdefault(group["worker_type"], []).append(group)
    return found


def _served(kinds: Sequence[Mapping[str, Any]]) -> Row:
    living = [kind for kind in kinds if kind["alive"]]
    places = [kind["places"] for kind in living if kind["places"] is not None]
    return {
        "alive": bool(living),
        "instances": sum(kind["alive"] for kind in kinds),
        "silentInstances": sum(kind["known"] - kind["alive"] for kind in kinds),
        "concurrency": sum(places) if places else None,
        "versions": sorted({kind["version"] for kind in living if kind["version"]}),
        "protocols": sorted({kind["protocol"] for kind in living}),
        "firstBeat": min((kind["first"] for kind in kinds), default=None),
        "lastBeat": max((kind["last"] for kind in kinds), default=None),
    }


def _moving(counts: Counts) -> Row:
    return {
        "inFlight": sum(counts.get(status, 0) for status in AWAITING_ANSWER),
        "running": counts.get(RequestStatus.RUNNING, 0),
        "waiting": sum(counts.get(status, 0) for status in WAITING),
        "held": counts.get(fleet_queries.HELD, 0),
    }


def _flow(worker_type: str, tenant: Tenant | None, live: LiveTypes) -> Row:
    paused = live.pauses.worker_types
    return {
        "limit": live[worker_type].limit if worker_type in live else None,
        "paused": (None, worker_type) in paused or (tenant and tenant.pk, worker_type) in paused,
    }


def _finished(tenant: Tenant | None, at: datetime, worker_type: str | None) -> dict[str, int]:
    """Return how many requests ended of late, by the worker type that ended them."""
    ended = FinishedRequest.objects.within_reach(tenant).filter(
        # The index begins with the tenant, also where all of them are meant.
        tenant__in=Tenant.objects.values("pk"),
        finished_at__gt=at - timedelta(seconds=LATE),
        worker_type__isnull=False,
    )
    if worker_type is not None:
        ended = ended.filter(worker_type=worker_type)
    counted = ended.order_by().values_list("worker_type").annotate(count=Count("*"))
    return {str(name): count for name, count in counted}


def _members(tenant: Tenant | None, at: datetime, worker_type: str) -> list[Row]:
    """Return the instances of a fleet, each with what it is known to run."""
    heard = WorkerInstance.objects.filter(worker_type=worker_type).order_by("-beaten_at", "pk")[:_MEMBERS]
    counts, named = _at_work(tenant, worker_type)
    since = at - timedelta(seconds=settings.HEARTBEAT_EXPIRY)
    return [
        {
            "workerId": member.worker_id,
            "alive": member.beaten_at > since,
            "version": member.version,
            "protocol": member.protocol,
            "concurrency": member.concurrency,
            "runSeconds": member.run_seconds,
            "firstBeat": member.first_beaten_at,
            "lastBeat": member.beaten_at,
            "clockAhead": member.clock_ahead,
            "running": counts[member.worker_id],
            "requests": named.get(member.worker_id, []),
        }
        for member in sorted(heard, key=lambda member: member.worker_id)
    ]


def _at_work(tenant: Tenant | None, worker_type: str) -> tuple[Counter[str], dict[str, list[Row]]]:
    """Return what instances run, branches included: how much, and what they have run longest."""
    counts: Counter[str] = Counter()
    named: list[tuple[datetime, str, str, str]] = []
    at_work = {"status": RequestStatus.RUNNING, "step_worker_type": worker_type, "worker_id__isnull": False}
    for model, request_id in ((Request, "request_id"), (Branch, "request__request_id")):
        running = model.objects.within_reach(tenant).filter(**at_work)
        counts.update(dict(running.order_by().values_list("worker_id").annotate(count=Count("*"))))
        oldest = running.order_by("moved_at", "pk")
        named += oldest.values_list("moved_at", "worker_id", request_id, "tenant__name")[:_NAMED]
    found: dict[str, list[Row]] = {}
    for moved_at, worker_id, told_id, owner in sorted(named)[:_NAMED]:
        told = {"requestId": told_id, "tenant": owner, "since": moved_at}
        found.setdefault(worker_id, []).append(told)
    return counts, found
