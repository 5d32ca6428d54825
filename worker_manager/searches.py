"""What operators look for, page by page."""

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db.models import Count, Max, Min, Q, QuerySet

from regards_processing.kernel.errors import DomainError
from regards_processing.kernel.rest.pages import Page, PageRequest, Sorting, fetch
from regards_processing.kernel.rest.totals import remembered, total_of
from regards_processing.kernel.tenancy.models import Tenant
from worker_manager import hearing
from worker_manager.models import InputContentType, Request, WorkerInstance
from worker_manager.named_sessions import named_sessions
from worker_manager.request_filter import RequestFilter

#: What requests can be sorted by.
SORTING: Final = Sorting(
    fields={
        "id": "id",
        "requestId": "request_id",
        "creationDate": "creation_date",
        "contentType": "content_type",
        "source": "source",
        "session": "session",
        "status": "status",
        "dispatchedWorkerType": "dispatched_worker_type",
        "error": "error",
        "stepNumber": "step_number",
        "stepWorkerType": "step_worker_type",
    },
    default="requestId,asc",
    # In a tenant.
    unique=frozenset({"id", "requestId"}),
)
_LIGHT: Final = (
    "id",
    "request_id",
    "creation_date",
    "content_type",
    "source",
    "session",
    "status",
    "dispatched_worker_type",
    "error",
)


class UnknownRequest(DomainError):
    """There is no such request."""

    code = "UNKNOWN_REQUEST"
    http_status = 404

    def __init__(self, *, request_id: str) -> None:
        super().__init__(
            "Entity fr.cnes.regards.modules.workermanager.domain.database.LightRequest "
            f"with id : {request_id} doesn't exist"
        )


def matching(*, tenant: Tenant, wanted: RequestFilter) -> QuerySet[Request]:
    """Return the requests of a tenant that a filter means."""
    sessions = named_sessions(tenant=tenant, wanted=wanted)
    return Request.objects.for_tenant(tenant).filter(wanted.condition(), sessions)


def page_of(*, tenant: Tenant, wanted: RequestFilter, page: PageRequest) -> Page[Request]:
    """Return one page of the requests that a filter means, without what is big; two statements at most."""
    found = matching(tenant=tenant, wanted=wanted)
    total = total_of(found, key=_name_of(tenant, wanted), kept=settings.SEARCH_TOTAL_KEPT)
    return fetch(found.only(*_LIGHT), page=page, total=total)


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestCounts:
    """How many requests there are."""

    by_status: Mapping[str, int]
    #: By the worker type of their step.
    by_worker_type: Mapping[str, int]
    #: Nothing is configured for their content types.
    without_worker_type: int

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.by_status.values())


def counts_of(*, tenant: Tenant, wanted: RequestFilter) -> RequestCounts:
    """Count the requests that a filter means, with one statement at most."""
    key = f"counts.{_name_of(tenant, wanted)}"
    found = matching(tenant=tenant, wanted=wanted)
    return remembered(
        lambda: _counted(found),
        total=lambda counts: counts.total,
        key=key,
        kept=settings.SEARCH_TOTAL_KEPT,
    )


def _counted(found: QuerySet[Request]) -> RequestCounts:
    by_status: Counter[str] = Counter()
    by_worker_type: Counter[str | None] = Counter()
    for status, worker_type, count in (
        found.order_by().values_list("status", "step_worker_type").annotate(count=Count("*"))
    ):
        by_status[status] += count
        by_worker_type[worker_type] += count
    unknown = by_worker_type.pop(None, 0)
    return RequestCounts(
        by_status=dict(sorted(by_status.items())),
        by_worker_type={str(name): by_worker_type[name] for name in sorted(by_worker_type, key=str)},
        without_worker_type=unknown,
    )


def by_request_id(*, tenant: Tenant, request_id: str) -> Request:
    """Return a request by the client's id, without what is big.

    Raises:
        UnknownRequest: the tenant has none.
    """
    return _one(Request.objects.for_tenant(tenant).only(*_LIGHT), request_id)


def without_payloads(*, tenant: Tenant, request_id: str) -> Request:
    """Return a request by the client's id, in full but for its payloads.

    Raises:
        UnknownRequest: the tenant has none.
    """
    return _one(Request.objects.for_tenant(tenant).without_payloads(), request_id)


def with_payloads(*, tenant: Tenant, request_id: str) -> Request:
    """Return a request by the client's id, with its payloads and nothing else that counts.

    Raises:
        UnknownRequest: the tenant has none.
    """
    return _one(
        Request.objects.for_tenant(tenant).only("content", "stored_content", "original_content"), request_id
    )


def _one(found: QuerySet[Request], request_id: str) -> Request:
    try:
        return found.get(request_id=request_id)
    except Request.DoesNotExist:
        raise UnknownRequest(request_id=request_id) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class LastBeats:
    """When workers were heard last; nothing once they are forgotten."""

    of_type: datetime | None
    of_instance: datetime | None
    #: Since when any instance has been heard without a gap (`hearing`); nothing while none is.
    hearing_since: datetime | None


def last_beats(*, worker_type: str | None, worker_id: str | None, at: datetime) -> LastBeats:
    """Return when any instance of a worker type, and one instance, was heard last, and since when any."""
    found = WorkerInstance.objects.aggregate(
        of_type=Max("beaten_at", filter=Q(worker_type=worker_type)),
        of_instance=Max("beaten_at", filter=Q(worker_id=worker_id)),
        hearing_since=Min("heard_since", filter=Q(beaten_at__gt=hearing.gap_before(at))),
    )
    return LastBeats(**found)


def live_worker_types(*, tenant: Tenant, content_types: Collection[str], at: datetime) -> Mapping[str, int]:
    """Return how many instances of each worker type are alive, sorted by name.

    Fleets serve every tenant. With content types only those worker types are returned that take one of them
    by the tenant's configuration.
    """
    alive = WorkerInstance.objects.filter(beaten_at__gt=at - timedelta(seconds=settings.HEARTBEAT_EXPIRY))
    if content_types:
        inputs = InputContentType.objects.for_tenant(tenant).filter(content_type__in=content_types)
        alive = alive.filter(worker_type__in=inputs.values("worker_type__worker_type"))
    counted = alive.values("worker_type").annotate(instances=Count("pk")).order_by("worker_type")
    return {row["worker_type"]: row["instances"] for row in counted}


def _name_of(tenant: Tenant, wanted: RequestFilter) -> str:
    text = json.dumps(wanted.to_json(), sort_keys=True)
    return f"requests.{tenant.pk}.{hashlib.sha256(text.encode()).hexdigest()}"
