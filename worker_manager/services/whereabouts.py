"""Where requests are, or how they left: for services whose work they are."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from regards_processing.kernel.db.key_pairs import of_pairs
from regards_processing.kernel.db.reads import select
from worker_manager.models import FinishedRequest, Request
from worker_manager.queries import REQUEST_KEY, RequestKey
from worker_manager.states import UNDER_WAY, WAITING, RequestStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Whereabouts:
    """Where a request is, or how it ended."""

    status: RequestStatus
    #: Number of its last dispatch.
    attempt: int
    #: Last dispatch, sign of life of the worker, or end.
    since: datetime
    error: str | None

    @property
    def has_ended(self) -> bool:
        """Whether nothing happens to it by itself any more."""
        return self.status not in UNDER_WAY

    @property
    def awaits_worker(self) -> bool:
        """Whether no worker has said that it works on it."""
        return self.status in WAITING or self.status == RequestStatus.DISPATCHED


def whereabouts(*, source: str, keys: Collection[RequestKey]) -> dict[RequestKey, Whereabouts]:
    """Return where these requests of a source are; four statements. What was never there is left out."""
    # In this order: a request goes from the one table to the other, never back.
    there = _read(Request, source, keys, attempt="attempt", since="moved_at")
    gone = {key for key in keys if key not in there}
    return there | _read(FinishedRequest, source, gone, attempt="attempts", since="finished_at")


def _read(
    model: type[Request] | type[FinishedRequest],
    source: str,
    keys: Collection[RequestKey],
    *,
    attempt: str,
    since: str,
) -> dict[RequestKey, Whereabouts]:
    if not keys:
        return {}
    query = of_pairs(table=model._meta.db_table, columns="id", key=REQUEST_KEY, pairs=keys)
    ids = [pk for (pk,) in select(*query, by_index=True)]
    known = model.objects.across_tenants(because="these very requests were asked for")
    # An id may be used again: the last one to end counts.
    found = known.filter(pk__in=ids, source=source).order_by("pk")
    return {
        (tenant, request_id): Whereabouts(status=RequestStatus(status), attempt=number, since=at, error=error)
        for tenant, request_id, status, number, at, error in found.values_list(
            "tenant_id", "request_id", "status", attempt, since, "error"
        )
    }
