"""Requests as they are stored."""

from typing import Any

from regards_processing.kernel.tenancy.models import Tenant
from tests.factories.worker_manager import AT
from worker_manager.models import Request


def a_request(tenant: Tenant, request_id: str = "r-1", **columns: Any) -> Request:
    """Return a request that is not stored yet; in error, unless told otherwise."""
    usual = {
        "creation_date": AT,
        "content_type": "unzip",
        "source": "acme",
        "session": "2025-06",
        "status": "ERROR",
        "dispatched_worker_type": "unzip-worker",
        "step_worker_type": "unzip-worker",
        "original_content": b'{"file":"a.zip"}',
        "digest": b"",
        "error": "disk full",
        "moved_at": AT,
    }
    return Request(tenant=tenant, request_id=request_id, **(usual | columns))


def requests(tenant: Tenant, *request_ids: str, **columns: Any) -> None:
    """Store requests that have these columns."""
    Request.objects.bulk_create(a_request(tenant, request_id, **columns) for request_id in request_ids)
