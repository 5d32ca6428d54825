"""How much there is of everything, for who watches the platform; bounded, whatever there is.

Note: bounded looks.
    Whoever watches asks every few seconds, so no look reads all requests. Of each status no more than a
    number of rows is looked at, in the order of an index: what is counted up to there is exact, what
    reaches it is "at least". One statement each, whether one tenant is meant or all.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Count
from django.db.models.functions import TruncMinute

from regards_processing.kernel.db.reads import select
from regards_processing.kernel.tenancy.models import Tenant
from worker_manager.attempt_statistics import WorkerStatistics, statistics_of
from worker_manager.models import FinishedRequest
from worker_manager.states import STORED, RequestStatus
from worker_manager.trail import Trail

#: The order of the index: PostgreSQL then takes no other.
_BY_INDEX: Final = "ORDER BY status, step_worker_type, tenant_id"
_MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusCounts:
    """How many requests there are of each status."""

    #: By the key of the tenant and the status.
    by_tenant: Mapping[tuple[int, RequestStatus], int]
    #: Statuses with more requests than were looked at.
    cut: frozenset[RequestStatus]

    def of(self, *statuses: RequestStatus) -> int:
        """Return how many have one of these statuses."""
        return sum(count for (_, status), count in self.by_tenant.items() if status in statuses)


def status_counts(*, tenant: Tenant | None, most: int) -> StatusCounts:
    """Count the requests of a tenant, or of all, looking at ``most`` of each status."""
    statuses = [status for status in RequestStatus if status in STORED]
    meant, parameters = _tenant_is(tenant)
    part = (
        "SELECT * FROM (SELECT status, tenant_id FROM workermanager_request "  # noqa: S608
        f"WHERE status = %s {meant} {_BY_INDEX} LIMIT %s) AS part_{{number}}"
    )
    looks = " UNION ALL ".join(part.format(number=number) for number in range(len(statuses)))
    values = [value for status in statuses for value in (status.value, *parameters, most)]
    rows = select(
        f"SELECT status, tenant_id, COUNT(*) FROM ({looks}) AS looked_at GROUP BY status, tenant_id",  # noqa: S608
        values,
    )
    counted = {(tenant_id, RequestStatus(status)): count for status, tenant_id, count in rows}
    found = StatusCounts(by_tenant=counted, cut=frozenset())
    cut = frozenset(status for status in statuses if found.of(status) >= most)
    return StatusCounts(by_tenant=counted, cut=cut)


def ended_by_minute(*, tenant: Tenant | None, since: datetime, at: datetime) -> dict[datetime, int]:
    """Count the requests that ended in each minute from the one of ``since``; minutes without any are absent.

    One statement, in the index of the times alone.
    """
    ended = FinishedRequest.objects.within_reach(tenant).filter(
        # The index begins with the tenant, also where all of them are meant.
        tenant__in=Tenant.objects.values("pk"),
        finished_at__gte=since.replace(second=0, microsecond=0),
        finished_at__lte=at,
    )
    minutes = ended.order_by().annotate(minute=TruncMinute("finished_at")).values_list("minute")
    return dict(minutes.annotate(count=Count("*")))


def late_statistics(
    *, tenant: Tenant | None, since: datetime, at: datetime, most: int
) -> list[WorkerStatistics]:
    """Return how worker types did since a moment, by the newest ``most`` requests that ended; one statement.

    What is kept as failed is not among them. Where there are more, rates are those of the time that the
    newest ones took.
    """
    ended = FinishedRequest.objects.within_reach(tenant).filter(
        tenant__in=Tenant.objects.values("pk"), finished_at__gte=since, finished_at__lte=at
    )
    rows = list(ended.order_by("-finished_at").values_list("finished_at", "trail")[:most])
    begin = rows[-1][0] if len(rows) == most else since
    attempts = [attempt for _, trail in rows for attempt in Trail.read(trail).attempts]
    # A moment has no rate.
    return statistics_of(attempts=attempts, since=min(begin, at - timedelta(seconds=1)), until=at)


def minutes_until(*, at: datetime, count: int) -> list[datetime]:
    """Return the beginnings of the last minutes, the one that has not ended included, oldest first."""
    current = at.replace(second=0, microsecond=0)
    return [current - _MINUTE * back for back in reversed(range(count))]


def _tenant_is(tenant: Tenant | None) -> tuple[str, list[object]]:
    return ("AND tenant_id = %s", [tenant.pk]) if tenant else ("", [])
