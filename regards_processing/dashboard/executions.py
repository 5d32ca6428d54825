"""Which executions are looked at: those that are open, and those that ended of late."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from regards_processing.kernel.tenancy.models import Tenant
from regards_processing.processing.models import Execution
from regards_processing.processing.states import FINAL, OPEN, ExecutionStatus
from worker_manager.overview import keys_of

#: How executions end badly; who cancels one knows of it.
BADLY: Final = (ExecutionStatus.FAILURE, ExecutionStatus.TIMED_OUT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """An execution that ended badly."""

    id: UUID
    process: str
    status: ExecutionStatus
    message: str
    ended: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Executions:
    """How many there are, by process and status, and the newest that ended badly."""

    counts: Mapping[tuple[str, ExecutionStatus], int]
    failures: Sequence[Failure]


def executions_of(
    *, tenant: Tenant | None, since: datetime, at: datetime, most: int, failures: int
) -> Executions:
    """Return the executions of a tenant, or of all, that are open or ended since a moment; four statements.

    Args:
        tenant: whose; ``None`` for everybody's.
        since: what ended before is not looked at.
        at: now.
        most: how many open ones, and how many of the newest others, are looked at.
        failures: how many of those that ended badly are told.
    """
    every = Execution.objects.within_reach(tenant)
    # Open ones have a deadline, and the index of deadlines has no others.
    opened = every.filter(deadline_at__isnull=False, status__in=sorted(OPEN)).order_by("deadline_at")
    ended = every.filter(
        tenant__in=keys_of(tenant),
        status__in=sorted(FINAL),
        last_updated__gte=since,
        last_updated__lte=at,
    ).order_by("-last_updated")
    newest = list(ended.values_list("process_name", "status", "pk")[:most])
    counts = Counter(opened.values_list("process_name", "status")[:most])
    counts.update((process, status) for process, status, _ in newest)
    badly = [pk for _, status, pk in newest if status in BADLY]
    return Executions(
        counts={(process, ExecutionStatus(status)): count for (process, status), count in counts.items()},
        failures=_failures(badly[:failures]),
    )


def _failures(keys: Sequence[UUID]) -> list[Failure]:
    found = Execution.objects.across_tenants(because="these very executions were read before")
    rows = found.filter(pk__in=keys).only("process_name", "status", "steps", "last_updated")
    return [
        Failure(
            id=row.pk,
            process=row.process_name,
            status=ExecutionStatus(row.status),
            message=row.told_steps[-1].message if row.steps else "",
            ended=row.last_updated,
        )
        for row in rows.order_by("-last_updated")
    ]
