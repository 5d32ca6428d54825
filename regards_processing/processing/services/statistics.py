"""How the processes of a tenant did of late, against their forecasts.

Note: the newest executions of a while.
    Made when somebody asks: of the newest `STATISTICS_REQUESTS` executions that ended, to which an index
    leads, and of the open ones, which an index counts. A million executions cost what ten thousand do. Where
    a while has more executions than that, the statistics are exact of a shorter one, and say since when.
"""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import Count, Max

from regards_processing.kernel.tenancy.models import Tenant
from regards_processing.processing.models import Execution
from regards_processing.processing.process_statistics import (
    EndedExecution,
    OpenCount,
    ProcessStatistics,
    statistics_of,
)

_LOOKED_AT = (
    "process_id",
    "process_name",
    "status",
    "run_duration",
    "expected_duration",
    "output_size",
    "expected_size",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """How processes did in a while."""

    #: Later than what was asked for, where there were too many executions.
    since: datetime
    until: datetime
    processes: tuple[ProcessStatistics, ...]


def process_statistics(*, tenant: Tenant, since: datetime, at: datetime) -> Statistics:
    """Return how the processes of a tenant did since a moment; two statements."""
    most = settings.STATISTICS_REQUESTS
    executions = Execution.objects.for_tenant(tenant)
    in_a_while = executions.filter(deadline_at=None, last_updated__gte=since, last_updated__lte=at)
    found = list(in_a_while.order_by("-last_updated").values("last_updated", *_LOOKED_AT)[:most])
    begin = found[-1]["last_updated"] if len(found) == most else since
    ended = [EndedExecution(**{name: row[name] for name in _LOOKED_AT}) for row in found]
    counts = executions.awaited().order_by().values("process_id", "status", "held")
    open_ones = [
        OpenCount(**count) for count in counts.annotate(process_name=Max("process_name"), count=Count("*"))
    ]
    return Statistics(since=begin, until=at, processes=tuple(statistics_of(open_ones=open_ones, ended=ended)))
