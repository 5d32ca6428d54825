"""Cancel requests that have not ended: waiting, dispatched or running."""

from collections.abc import Collection, Mapping
from datetime import datetime
from functools import partial
from typing import Final

from regards_processing.kernel.audit import services as audit
from regards_processing.kernel.audit.services import Actor
from regards_processing.kernel.db.transactions import transaction
from regards_processing.kernel.errors import DomainError
from regards_processing.kernel.jobs.context import Page
from regards_processing.kernel.jobs.models import Job
from regards_processing.kernel.tenancy.models import Tenant
from worker_manager import forks, queries
from worker_manager.models import Request
from worker_manager.request_filter import RequestFilter
from worker_manager.searches import UnknownRequest
from worker_manager.services import branches, moves, orders, reserved
from worker_manager.services.bulks import Bulk, settle
from worker_manager.services.orders import RequestOrder
from worker_manager.states import AWAITING_ANSWER, CANCELABLE, RequestStatus

_REASON: Final = "Cancelled by an operator"


class NotCancelable(DomainError):
    """The request has ended; an operator may retry or delete it."""

    code = "NOT_CANCELABLE"
    http_status = 409


@transaction
def cancel_request(*, tenant: Tenant, request_id: str, actor: Actor, at: datetime) -> None:
    """Cancel one request, now.

    Raises:
        UnknownRequest: the tenant has none of this id; it may have ended.
        ReservedForService: it is that of a service of the platform, which cancels it in its own way.
        NotCancelable: it has failed and is kept.
    """
    found = queries.locked_requests(keys=[(tenant.pk, request_id)])
    if not found:
        raise UnknownRequest(request_id=request_id)
    reserved.check_request(found[0])
    status = found[0].status
    if status not in CANCELABLE:
        raise NotCancelable(
            f"Request {request_id} has ended in {status}: only requests in "
            f"{', '.join(sorted(CANCELABLE))} can be cancelled"
        )
    _cancel(found, tenants={tenant.pk: tenant.name}, at=at)
    audit.record(
        actor=actor,
        tenant=tenant.name,
        action="request.cancel",
        target=request_id,
        details={"status": status},
        at=at,
    )


@transaction
def withdraw_requests(*, requests: Collection[tuple[Tenant, str]], at: datetime) -> int:
    """Cancel those requests that have not ended, for the service whose they are; return how many.

    The rows of all tenants are locked together, in the order in which everybody locks them.
    """
    found = queries.locked_requests(keys={(tenant.pk, request_id) for tenant, request_id in requests})
    open_ones = [request for request in found if request.status in CANCELABLE]
    _cancel(open_ones, tenants={tenant.pk: tenant.name for tenant, _ in requests}, at=at)
    return len(open_ones)


def order_cancellation(*, tenant: Tenant, wanted: RequestFilter, actor: Actor, at: datetime) -> Job:
    """Order that a tenant's requests are cancelled, as far as they have not ended."""
    return orders.give_order(kind=orders.CANCEL, tenant=tenant, wanted=wanted, actor=actor, at=at)


def cancel_page(*, tenant: Tenant, order: RequestOrder, after: int, at: datetime) -> Page:
    """Cancel the next page of an order; needs an open transaction."""
    act = partial(_cancel, tenants={tenant.pk: tenant.name}, at=at)
    return orders.carry_out_page(tenant=tenant, order=order, after=after, act=act, reach=orders.not_ended)


def _cancel(requests: list[Request], *, tenants: Mapping[int, str], at: datetime) -> dict[str, int]:
    """End requests: the rows first, then clients and fleets are told.

    The history remembers them as ``CANCELED``. Whatever a worker still answers is dropped by the fence.
    """
    bulk = Bulk(live=queries.LiveTypes(), at=at, touched={request.pk: request for request in requests})
    bulk.stopped += [part.dispatch_id for part in forks.parts(requests) if part.status in AWAITING_ANSWER]
    for request in requests:
        branches.cancel(request=request, at=at)
        request.error = _REASON
        moves.move(request=request, to=RequestStatus.CANCELED, at=at)
    # Only rows of these tenants are seen here: who takes the free places is left to managers and sweeps.
    settle(bulk=bulk, tenants=tenants, releasing=False)
    return {"cancelled": len(requests), "stopped": len(bulk.stopped)}
