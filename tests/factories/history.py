"""What is left of requests."""

from datetime import datetime, timedelta
from typing import Any, Final

from regards_processing.kernel.tenancy.models import Tenant
from tests.factories.worker_manager import AT, later
from worker_manager import trail
from worker_manager.models import FinishedRequest
from worker_manager.trail import Ending, Outcome


def a_trail(
    *,
    worker_type: str = "unzip-worker",
    outcome: str = "SUCCESS",
    queued: float = 0.5,
    ran: float = 3.5,
    at: datetime = AT,
) -> str:
    """Return the trail of one attempt that ended at a time."""
    begun = at - timedelta(seconds=queued + ran)
    text = trail.dispatched("", step=0, attempt=1, worker_type=worker_type, at=begun, kept=5)
    ending = Ending(outcome=Outcome(outcome), message="done", run_seconds=ran, worker_id="w-1")
    return trail.ended(text, ending=ending, at=at)[0]


A_TRAIL: Final = a_trail()


def a_finished_request(tenant: Tenant, request_id: str = "r-1", **columns: Any) -> FinishedRequest:
    """Return a finished request that is not stored yet; a success, unless told otherwise."""
    usual = {
        "content_type": "unzip",
        "source": "acme",
        "session": "2025-06",
        "status": "SUCCESS",
        "worker_type": "unzip-worker",
        "worker_id": "w-1",
        "digest": b"",
        "creation_date": later(-5),
        "finished_at": AT,
        "attempts": 1,
        "trail": A_TRAIL,
    }
    return FinishedRequest(tenant=tenant, request_id=request_id, **(usual | columns))


def finished_requests(tenant: Tenant, *request_ids: str, **columns: Any) -> None:
    """Store finished requests that have these columns."""
    FinishedRequest.objects.bulk_create(
        a_finished_request(tenant, request_id, **columns) for request_id in request_ids
    )
