"""What of the requests and fleets needs attention, counted for the start page of the admin."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Count, Min

from worker_manager.models import Request, WorkerType
from worker_manager.states import FAILED, RequestStatus

_EVERYBODY: Final = "the start page is about the whole platform"
_WAITING: Final = (RequestStatus.TO_DISPATCH, RequestStatus.NO_WORKER_AVAILABLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Requests that wait for the same worker type."""

    #: None when nothing is configured for their content types.
    worker_type: str | None
    requests: int
    #: When the one that waits longest was received.
    oldest: datetime


def waiting_by_type() -> list[Waiting]:
    """Return the requests that wait to be dispatched, by worker type, those that wait longest first.

    One statement, by index, which takes longer the more of them wait.
    """
    waiting = Request.objects.across_tenants(because=_EVERYBODY).filter(status__in=_WAITING)
    groups = waiting.order_by().values("step_worker_type").annotate(n=Count("*"), oldest=Min("creation_date"))
    return [
        Waiting(worker_type=group["step_worker_type"], requests=group["n"], oldest=group["oldest"])
        for group in groups.order_by("oldest")
    ]


def count_failed(*, most: int) -> Mapping[RequestStatus, int]:
    """Count the failed requests of each status, up to some number; one statement each."""
    everywhere = Request.objects.across_tenants(because=_EVERYBODY)
    return {status: everywhere.filter(status=status)[:most].count() for status in sorted(FAILED)}


def unserved(*, live: Iterable[str]) -> list[str]:
    """Return the configured worker types that nobody serves, by name; one statement."""
    configured = WorkerType.objects.across_tenants(because=_EVERYBODY)
    names = configured.exclude(worker_type__in=list(live)).values_list("worker_type", flat=True)
    return sorted(set(names))
