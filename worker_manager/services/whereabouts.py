"""Where requests are, or how they left: for services whose work they are."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from regards_processing.kernel.db.key_pairs import of_pairs
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
    """Return where these requests of a source are; two statements. What was never there is left out."""
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
    sql, parameters = of_pairs(
        table=model._meta.db_table,
        columns=f"id, tenant_id, request_id, status, error, {attempt}, {since}",
        key=REQUEST_KEY,
        pairs=keys,
        condition="source = %s",
    )
    # An id may be used again: the last one to end counts.
    rows: list[Any] = sorted(model.objects.raw(sql, [*parameters, source]), key=lambda row: row.pk)
    return {
        (row.tenant_id, row.request_id): Whereabouts(
            status=RequestStatus(row.status),
            attempt=getattr(row, attempt),
            since=getattr(row, since),
            error=row.error,
        )
        for row in rows
    }
