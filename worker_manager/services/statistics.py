"""How worker types did of late, from the trails of the requests of a tenant, or of all.

Note: the newest requests of a while.
    Statistics are not worth a statement in every bulk. They are made of trails when somebody asks: of the
    newest `STATISTICS_REQUESTS` requests that ended, to which an index leads, so that a history of a million
    rows costs what one of some thousands does; and of as many of those that are kept as failed, which are
    found by their status. Where a while has more requests than that, the statistics are exact of a shorter
    one, and say since when.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from regards_processing.kernel.tenancy.models import Tenant
from worker_manager import statistics_queries
from worker_manager.attempt_statistics import WorkerStatistics, statistics_of
from worker_manager.models import Request
from worker_manager.states import FAILED
from worker_manager.trail import Attempt, Trail

_Rows = Sequence[tuple[datetime, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """How worker types did in a while."""

    #: Later than what was asked for, where there were too many requests.
    since: datetime
    until: datetime
    workers: tuple[WorkerStatistics, ...]


def worker_statistics(
    *, tenant: Tenant | None, since: datetime, at: datetime, most: int | None = None
) -> Statistics:
    """Return how worker types did since a moment; two statements.

    Counted are the attempts of requests that have ended, those in ERROR and INVALID_CONTENT included.

    Args:
        tenant: whose requests are meant; ``None`` for everybody's.
        since: the beginning.
        at: the end.
        most: requests that are looked at, instead of `STATISTICS_REQUESTS`.
    """
    limit = settings.STATISTICS_REQUESTS if most is None else most
    finished = statistics_queries.finished_trails(tenant=tenant, since=since, until=at, most=limit)
    stuck = Request.objects.within_reach(tenant).filter(
        status__in=sorted(FAILED), moved_at__gte=since, moved_at__lte=at
    )
    failed = list(stuck.order_by("-moved_at").values_list("moved_at", "trail")[:limit])
    begin = max([since, *(rows[-1][0] for rows in (finished, failed) if len(rows) == limit)])
    found = statistics_of(attempts=_attempts(finished, failed), since=begin, until=at)
    return Statistics(since=begin, until=at, workers=tuple(found))


def _attempts(*groups: _Rows) -> Iterator[Attempt]:
    for rows in groups:
        for _, trail in rows:
            yield from Trail.read(trail).attempts
