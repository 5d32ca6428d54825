"""The fleets of the platform, as they are now: who serves a worker type, and what a tenant has there.

Each function is a constant number of statements. Fleets serve every tenant; requests are those of one
tenant, or of all where none is given.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db.models import Count, Max, Min, Q, QuerySet, Sum

from regards_processing.kernel.errors import DomainError
from regards_processing.kernel.tenancy.models import Tenant
from worker_manager import queries
from worker_manager.models import FinishedRequest, Request, WorkerInstance, WorkerType
from worker_manager.queries import LiveTypes
from worker_manager.states import AWAITING_ANSWER, RequestStatus

#: The time over which what has ended of late is counted, in seconds.
LATE: Final = 60
#: Requests that a worker type is to get.
_WAITING: Final = frozenset({RequestStatus.NO_WORKER_AVAILABLE, RequestStatus.TO_DISPATCH})
#: Instances of a fleet that are told apart: those heard last.
_MEMBERS: Final = 2000
#: Running requests of a fleet that are named: those that have run longest.
_NAMED: Final = 1000

#: What is told of one fleet, by its name in JSON.
Row = dict[str, Any]
#: How many requests, by status, and how many of those are held.
Counts = dict[str, int]
_HELD: Final = "held"


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
    requests = _requests(tenant, worker_type)
    live = queries.live_types(at=at)
    finished = _finished(tenant, at, worker_type)
    for name in sorted(instances.keys() | configured | requests.keys()):
        yield {
            "workerType": name,
            "configured": name in configured,
            **_served(instances.get(name, ())),
            **_moving(requests.get(name, {})),
            **_flow(name, tenant, live),
            "finishedOfLate": finished.get(name, 0),
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


def _requests(tenant: Tenant | None, worker_type: str | None) -> dict[str, Counts]:
    """Return how many requests are at a step of each worker type, by status."""
    moving = Request.objects.within_reach(tenant).filter(status__in=[*AWAITING_ANSWER, *_WAITING])
    moving = moving.filter(step_worker_type__isnull=False)
    if worker_type is not None:
        moving = moving.filter(step_worker_type=worker_type)
    found: dict[str, Counts] = {}
    groups = moving.order_by().values_list("step_worker_type", "status").annotate(count=Count("*"))
    for name, status, count in groups:
        found.setdefault(str(name), {})[status] = count
    # By itself: it is counted in an index of its own.
    held = moving.filter(status=RequestStatus.TO_DISPATCH, due_at=None).order_by()
    for name, count in held.values_list("step_worker_type").annotate(count=Count("*")):
        found.setdefault(str(name), {})[_HELD] = count
    return found


def _moving(counts: Counts) -> Row:
    return {
        "inFlight": sum(counts.get(status, 0) for status in AWAITING_ANSWER),
        "running": counts.get(RequestStatus.RUNNING, 0),
        "waiting": sum(counts.get(status, 0) for status in _WAITING),
        "held": counts.get(_HELD, 0),
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
    running = Request.objects.within_reach(tenant).filter(
        status=RequestStatus.RUNNING, step_worker_type=worker_type
    )
    known = running.filter(worker_id__isnull=False)
    counts = dict(known.order_by().values_list("worker_id").annotate(count=Count("*")))
    named = _named(known.order_by("moved_at", "pk")[:_NAMED])
    since = at - timedelta(seconds=settings.HEARTBEAT_EXPIRY)
    return [
        {
            "workerId": member.worker_id,
            "alive": member.beaten_at > since,
            "version": member.version,
            "protocol": member.protocol,
            "concurrency": member.concurrency,
            "firstBeat": member.first_beaten_at,
            "lastBeat": member.beaten_at,
            "clockAhead": member.clock_ahead,
            "running": counts.get(member.worker_id, 0),
            "requests": named.get(member.worker_id, []),
        }
        for member in sorted(heard, key=lambda member: member.worker_id)
    ]


def _named(running: QuerySet[Request]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for worker_id, request_id, tenant, moved_at in running.values_list(
        "worker_id", "request_id", "tenant__name", "moved_at"
    ):
        told = {"requestId": request_id, "tenant": tenant, "since": moved_at}
        found.setdefault(str(worker_id), []).append(told)
    return found
