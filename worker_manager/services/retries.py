"""Have requests that failed, or that wait for a worker, carried out again."""

from datetime import datetime
from functools import partial

from regards_processing.kernel.audit.services import Actor
from regards_processing.kernel.jobs.context import Page
from regards_processing.kernel.jobs.models import Job
from regards_processing.kernel.tenancy.models import Tenant
from worker_manager import queries
from worker_manager.models import Request
from worker_manager.request_filter import RequestFilter
from worker_manager.services import dispatch, moves, orders
from worker_manager.services.bulks import Bulk, settle
from worker_manager.services.orders import RequestOrder
from worker_manager.states import RequestStatus


def order_retry(*, tenant: Tenant, wanted: RequestFilter, actor: Actor, at: datetime) -> Job:
    """Order that a tenant's requests are carried out again, as far as that is up to operators."""
    return orders.give_order(kind=orders.RETRY, tenant=tenant, wanted=wanted, actor=actor, at=at)


def retry_page(*, tenant: Tenant, order: RequestOrder, after: int, at: datetime) -> Page:
    """Dispatch the next page of an order again; needs an open transaction.

    A request starts again at the step it is at, with what that step got. Each dispatch is a new attempt, so
    answers to those before no longer count; attempts that were lost before are forgiven.
    """
    act = partial(_retry, tenant=tenant, at=at)
    return orders.carry_out_page(tenant=tenant, order=order, after=after, act=act)


def _retry(requests: list[Request], *, tenant: Tenant, at: datetime) -> dict[str, int]:
    content_types = {request.content_type for request in requests}
    configured = queries.plans(tenant_ids=[tenant.pk], content_types=content_types)
    live = queries.live_types(at=at)
    bulk = Bulk(live=live, at=at, touched={request.pk: request for request in requests})
    for request in requests:
        if not request.plan:
            bulk.heavy[request.pk] = frozenset({"plan"})
        plan = dispatch.current_plan(request=request, configured=configured)
        moves.move(request=request, to=RequestStatus.TO_DISPATCH, at=at)
        request.lost_attempts = 0
        dispatch.assign(request=request, plan=plan, live=live, at=at)
    # A job sees the rows of its tenant alone: it leaves what others hold to managers and sweeps.
    settle(bulk=bulk, tenants={tenant.pk: tenant.name}, releasing=False)
    dispatched = sum(request.status == RequestStatus.DISPATCHED for request in requests)
    return {"dispatched": dispatched, "waiting": len(requests) - dispatched}
