"""Delete requests that failed, or that wait for a worker."""

from datetime import datetime
from functools import partial

from regards_processing.kernel.audit.services import Actor
from regards_processing.kernel.jobs.context import Page
from regards_processing.kernel.jobs.models import Job
from regards_processing.kernel.tenancy.models import Tenant
from worker_manager import tracing
from worker_manager.models import Request
from worker_manager.request_filter import RequestFilter
from worker_manager.services import moves, orders, session_counts
from worker_manager.services.orders import RequestOrder
from worker_manager.states import RequestStatus


def order_deletion(*, tenant: Tenant, wanted: RequestFilter, actor: Actor, at: datetime) -> Job:
    """Order that a tenant's requests are deleted, as far as that is up to operators."""
    return orders.give_order(kind=orders.DELETE, tenant=tenant, wanted=wanted, actor=actor, at=at)


def delete_page(*, tenant: Tenant, order: RequestOrder, after: int, at: datetime) -> Page:
    """Delete the next page of an order; needs an open transaction.

    Clients hear nothing of it. The history remembers the requests as ``TO_DELETE``.
    """
    act = partial(_delete, tenant=tenant, at=at)
    return orders.carry_out_page(tenant=tenant, order=order, after=after, act=act)


def _delete(requests: list[Request], *, tenant: Tenant, at: datetime) -> dict[str, int]:
    before = {request.pk: session_counts.place(request) for request in requests}
    for request in requests:
        moves.move(request=request, to=RequestStatus.TO_DELETE, at=at)
    tracing.moved(requests=requests, tenants={tenant.pk: tenant.name}, at=at)
    moves.finish(requests=requests)
    session_counts.deleted(requests=requests, before=before, at=at)
    return {"deleted": len(requests)}
