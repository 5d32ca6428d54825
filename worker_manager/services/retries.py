"""Have requests that failed, or that wait for a worker, carried out again."""

from datetime import datetime
from functools import partial
from typing import Final

from regards_processing.kernel.audit.services import Actor
from regards_processing.kernel.jobs.context import Page
from regards_processing.kernel.jobs.models import Job
from regards_processing.kernel.tenancy.models import Tenant
from worker_manager import queries
from worker_manager.models import Request
from worker_manager.request_filter import RequestFilter
from worker_manager.services import branch_rows, dispatch, moves, orders, reserved
from worker_manager.services.bulks import Bulk, settle
from worker_manager.services.orders import RequestOrder, Start
from worker_manager.states import RequestStatus

#: Heavy columns of a request that starts anew.
_REWOUND: Final = dispatch.NEW_STEP | {"plan"}


def order_retry(
    *, tenant: Tenant, wanted: RequestFilter, actor: Actor, at: datetime, start: Start = Start.FAILED
) -> Job:
    """Order that a tenant's requests are carried out again, as far as that is up to operators."""
    return orders.give_order(kind=orders.RETRY, tenant=tenant, wanted=wanted, actor=actor, at=at, start=start)


def retry_page(*, tenant: Tenant, order: RequestOrder, after: int, at: datetime) -> Page:
    """Dispatch the next page of an order again; needs an open transaction.

    A request starts again at the step it is at, with what that step got; or, if the order says so, at the
    first step of today's configuration with what the client sent. Each dispatch is a new attempt, so answers
    to those before no longer count; attempts that failed before are forgiven. Requests of services of the
    platform are left alone: who ordered them has heard of their end, and tries again in another way.
    """
    act = partial(_retry, tenant=tenant, start=order.start, at=at)
    return orders.carry_out_page(tenant=tenant, order=order, after=after, act=act, sparing=reserved.owners())


def _retry(requests: list[Request], *, tenant: Tenant, start: Start, at: datetime) -> dict[str, int]:
    content_types = {request.content_type for request in requests}
    configured = queries.plans(tenant_ids=[tenant.pk], content_types=content_types)
    live = queries.live_types(at=at)
    bulk = Bulk(live=live, at=at, touched={request.pk: request for request in requests})
    if start is Start.FIRST:
        branch_rows.forget(requests=requests)
    for request in requests:
        if start is Start.FIRST:
            _rewind(request)
            bulk.heavy[request.pk] = _REWOUND
        elif not request.plan:
            bulk.heavy[request.pk] = frozenset({"plan"})
        plan = dispatch.current_plan(request=request, configured=configured)
        moves.move(request=request, to=RequestStatus.TO_DISPATCH, at=at)
        request.lost_attempts = 0
        dispatch.assign(request=request, plan=plan, live=live, at=at)
    # A job sees the rows of its tenant alone: it leaves what others hold to managers and sweeps.
    settle(bulk=bulk, tenants={tenant.pk: tenant.name}, releasing=False)
    dispatched = sum(request.status == RequestStatus.DISPATCHED for request in requests)
    return {"dispatched": dispatched, "waiting": len(requests) - dispatched}


def _rewind(request: Request) -> None:
    """Make a request as it was when it came, but for its attempts: their numbers are never used again."""
    request.plan = request.content = request.stored_content = None
    request.body_size = request.original_size
    request.headers = request.parent_dispatch = None
    request.step_number, request.repeats, request.fork = 0, 0, None
