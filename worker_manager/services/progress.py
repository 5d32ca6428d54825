"""How far requests are that run now: for services whose work they are."""

from dataclasses import dataclass
from datetime import datetime

from regards_processing.kernel.tenancy.models import Tenant
from worker_manager.models import Request
from worker_manager.states import RequestStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """The last sign of the worker that runs a request."""

    #: Technical id of the request.
    key: int
    request_id: str
    #: Number of its dispatch.
    attempt: int
    #: The last line that the worker told.
    message: str | None
    at: datetime


def running_requests(*, worker_type: str, after: int, limit: int) -> list[Progress]:
    """Return what the workers of a type run now, of all tenants, behind the technical id ``after``."""
    requests = Request.objects.across_tenants(because="whoever asks looks after the work of all tenants")
    found = requests.filter(status=RequestStatus.RUNNING, step_worker_type=worker_type, pk__gt=after)
    values = found.order_by("pk").values_list("pk", "request_id", "attempt", "error", "moved_at")[:limit]
    return [
        Progress(key=key, request_id=request_id, attempt=attempt, message=message, at=at)
        for key, request_id, attempt, message, at in values
    ]


def progress_of(*, tenant: Tenant, request_id: str) -> Progress | None:
    """Return the last sign of the worker that runs a request now; none when no worker does."""
    found = Request.objects.for_tenant(tenant).filter(request_id=request_id, status=RequestStatus.RUNNING)
    for key, attempt, message, at in found.order_by("pk").values_list("pk", "attempt", "error", "moved_at")[
        :1
    ]:
        return Progress(key=key, request_id=request_id, attempt=attempt, message=message, at=at)
    return None
