"""How far requests are that run now: for services whose work they are."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from regards_processing.kernel.tenancy.models import Tenant
from worker_manager import queries
from worker_manager.models import Request
from worker_manager.queries import RequestKey
from worker_manager.states import RequestStatus

#: Columns of a request that tell its progress, in the order of the fields.
_SIGNS: Final = ("pk", "tenant_id", "request_id", "attempt", "error", "moved_at")


@dataclass(frozen=True, slots=True)
class Progress:
    """The last sign of the worker that runs a request."""

    #: Technical id of the request.
    key: int
    #: Technical id of its tenant.
    tenant: int
    request_id: str
    #: Number of its dispatch.
    attempt: int
    #: The last line that the worker told.
    message: str | None
    at: datetime


def running_requests(*, worker_type: str, source: str, after: int, limit: int) -> list[Progress]:
    """Return what the workers of a type run now for a source, of all tenants, behind the key ``after``.

    Whoever asks looks at tenant and id: clients may call themselves, and their requests, as they like.
    """
    requests = Request.objects.across_tenants(because="whoever asks looks after the work of all tenants")
    running = requests.filter(status=RequestStatus.RUNNING, step_worker_type=worker_type, source=source)
    found = running.filter(pk__gt=after).order_by("pk")
    return [Progress(*signs) for signs in found.values_list(*_SIGNS)[:limit]]


def taken_in(*, keys: Collection[RequestKey]) -> set[RequestKey]:
    """Return those of these requests that the engine took in: they are on their way, or remembered."""
    finished = queries.finished_digests(keys=keys, since=None)
    return {*queries.digests(keys=keys), *(key for key, _ in finished)}


def progress_of(*, tenant: Tenant, request_id: str) -> Progress | None:
    """Return the last sign of the worker that runs a request now; none when no worker does."""
    found = Request.objects.for_tenant(tenant).filter(request_id=request_id, status=RequestStatus.RUNNING)
    signs = found.order_by("pk").values_list(*_SIGNS).first()
    return None if signs is None else Progress(*signs)
