"""How much there is of everything, for who watches the platform; bounded, whatever there is.

Note: bounded looks.
    Whoever watches asks every few seconds, so no look reads all requests. Of each status no more than a
    number of rows is looked at, in the order of an index: what is counted up to there is exact, what
    reaches it is "at least". One statement each, whether one tenant is meant or all.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Count
from django.db.models.functions import TruncMinute

from regards_processing.kernel.db.reads import select
from regards_processing.kernel.tenancy.models import Tenant
from worker_manager.attempt_statistics import WorkerStatistics, statistics_of
from worker_manager.models import FinishedRequest
from worker_manager.states import STORED, UNDER_WAY, RequestStatus
from worker_manager.trail import Trail

_MINUTE: Final = timedelta(minutes=1)
#: What is counted: requests by their status, those of them that are held, and branches of parallel steps.
_REQUEST, _HELD, _BRANCH = "REQUEST", "HELD", "BRANCH"
#: What is looked at of each, in the whole order of an index: PostgreSQL then takes no other way.
_LOOKS: Final = {
    _REQUEST: (
        "SELECT 'REQUEST' AS kind, status, tenant_id, step_worker_type FROM workermanager_request "
        "WHERE status = '{status}' {meant} ORDER BY status, step_worker_type, tenant_id LIMIT %(most)s"
    ),
    _HELD: (
        "SELECT 'HELD' AS kind, status, tenant_id, step_worker_type FROM workermanager_request "
        "WHERE status = '{status}' AND due_at IS NULL {meant} "
        "ORDER BY step_worker_type, tenant_id, content_type, priority DESC, id LIMIT %(most)s"
    ),
    _BRANCH: (
        "SELECT 'BRANCH' AS kind, status, tenant_id, step_worker_type FROM workermanager_branch "
        "WHERE status = '{status}' {meant} ORDER BY status, step_worker_type LIMIT %(most)s"
    ),
}
_STATUSES: Final = {
    _REQUEST: tuple(status for status in RequestStatus if status in STORED),
    _HELD: (RequestStatus.TO_DISPATCH,),
    _BRANCH: tuple(status for status in RequestStatus if status in UNDER_WAY),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusCounts:
    """How many requests there are of each status."""

    #: By the key of the tenant and the status.
    by_tenant: Mapping[tuple[int, RequestStatus], int]
    #: By the worker type of their step and the status; at a parallel step, of each of their branches.
    by_type: Mapping[tuple[str, RequestStatus], int]
    #: Those that are held, by worker type.
    held: Mapping[str, int]
    #: Statuses with more requests than were looked at.
    cut: frozenset[RequestStatus]

    def of(self, *statuses: RequestStatus) -> int:
        """Return how many requests have one of these statuses."""
        return sum(count for (_, status), count in self.by_tenant.items() if status in statuses)

    def of_type(self, worker_type: str, statuses: Collection[RequestStatus]) -> int:
        """Return how many requests of a worker type have one of these statuses."""
        return sum(self.by_type.get((worker_type, status), 0) for status in statuses)


@dataclass(frozen=True, slots=True, kw_only=True)
class LateStatistics:
    """How worker types did of late."""

    workers: Sequence[WorkerStatistics]
    #: More requests ended than were looked at: the newest ones were.
    cut: bool


def status_counts(*, tenant: Tenant | None, most: int) -> StatusCounts:
    """Count the requests of a tenant, or of all, looking at ``most`` of each status; one statement."""
    meant = "AND tenant_id = %(tenant)s" if tenant else ""
    looks = [
        _LOOKS[kind].format(status=status.value, meant=meant)
        for kind, statuses in _STATUSES.items()
        for status in statuses
    ]
    parts = (f"SELECT * FROM ({look}) AS look_{number}" for number, look in enumerate(looks))  # noqa: S608
    rows = select(
        f"SELECT kind, status, tenant_id, step_worker_type, COUNT(*) FROM ({' UNION ALL '.join(parts)}) "  # noqa: S608
        "AS looked_at GROUP BY kind, status, tenant_id, step_worker_type",
        {"tenant": tenant and tenant.pk, "most": most},
    )
    by_tenant: Counter[tuple[int, RequestStatus]] = Counter()
    by_type: Counter[tuple[str, RequestStatus]] = Counter()
    held: Counter[str] = Counter()
    by_status: Counter[RequestStatus] = Counter()
    for kind, status, tenant_id, worker_type, count in rows:
        if kind == _REQUEST:
            by_tenant[tenant_id, RequestStatus(status)] += count
            by_status[RequestStatus(status)] += count
        if kind == _HELD:
            held[worker_type] += count
        elif worker_type is not None:
            by_type[worker_type, RequestStatus(status)] += count
    cut = frozenset(status for status, count in by_status.items() if count >= most)
    return StatusCounts(by_tenant=by_tenant, by_type=by_type, held=held, cut=cut)


def ended_by_minute(*, tenant: Tenant | None, since: datetime, at: datetime) -> dict[datetime, int]:
    """Count the requests that ended in each minute from the one of ``since``; minutes without any are absent.

    Two statements, in the index of the times alone.
    """
    ended = FinishedRequest.objects.of_tenants(keys_of(tenant)).filter(
        finished_at__gte=since.replace(second=0, microsecond=0),
        finished_at__lte=at,
    )
    minutes = ended.order_by().annotate(minute=TruncMinute("finished_at")).values_list("minute")
    return dict(minutes.annotate(count=Count("*")))


def late_statistics(*, tenant: Tenant | None, since: datetime, at: datetime, most: int) -> LateStatistics:
    """Return how worker types did since a moment, by the newest ``most`` requests that ended; two statements.

    What is kept as failed is not among them. Where there are more, rates are those of the time that the
    newest ones took.
    """
    ended = FinishedRequest.objects.of_tenants(keys_of(tenant)).filter(
        finished_at__gte=since, finished_at__lte=at
    )
    rows = list(ended.order_by("-finished_at").values_list("finished_at", "trail")[:most])
    cut = len(rows) == most
    begin = rows[-1][0] if cut else since
    attempts = [attempt for _, trail in rows for attempt in Trail.read(trail).attempts]
    # A moment has no rate.
    workers = statistics_of(attempts=attempts, since=min(begin, at - timedelta(seconds=1)), until=at)
    return LateStatistics(workers=workers, cut=cut)


def minutes_until(*, at: datetime, count: int) -> list[datetime]:
    """Return the beginnings of the last minutes, the one that has not ended included, oldest first."""
    current = at.replace(second=0, microsecond=0)
    return [current - _MINUTE * back for back in reversed(range(count))]


def keys_of(tenant: Tenant | None) -> list[int]:
    """Return the key of a tenant, or those of all: indexes begin with the tenant.

    As values: with a subquery PostgreSQL joins, and reads the whole history for it.
    """
    return [tenant.pk] if tenant else list(Tenant.objects.values_list("pk", flat=True))
