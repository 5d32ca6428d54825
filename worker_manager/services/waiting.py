"""Take up requests that wait: for a worker, or for their time."""

import logging
from collections.abc import Callable
from datetime import datetime
from functools import partial

from django.conf import settings
from django.db.models import Q

from regards_processing.kernel.db.transactions import transaction
from regards_processing.kernel.tenancy.models import Tenant
from worker_manager import flow_queries, forks, queries
from worker_manager.models import Request
from worker_manager.models.request import RequestQuerySet
from worker_manager.queries import LiveTypes, PlanKey
from worker_manager.services import branch_rows, dispatch
from worker_manager.services.bulks import Bulk, settle
from worker_manager.states import UNDER_WAY, RequestStatus
from worker_manager.workflow_plan import Plan

log = logging.getLogger(__name__)


def redispatch_waiting(*, at: datetime, max_pages: int | None = None) -> int:
    """Take up waiting requests that somebody can take now, page by page; return how many were taken up.

    They are dispatched, or held when there is no place; then held ones are dispatched as far as there is.
    Several managers may do this at once: each takes rows that no other has locked.

    Args:
        at: time of the dispatch.
        max_pages: pages of each kind to take at most; ``None`` for all there are.
    """
    taken = _pages(partial(_redispatch_page, at), max_pages)
    taken += _pages(partial(_branches_page, at), max_pages)
    released = release_held(at=at, max_pages=max_pages)
    if taken or released:
        log.info(
            "waiting requests taken up",
            extra={"action": "request.redispatched", "requests": taken, "released": released},
        )
    return taken + released


def release_held(*, at: datetime, max_pages: int | None = None) -> int:
    """Dispatch held requests that there is a place for, page by page; return how many."""
    return _pages(partial(_release_page, at), max_pages)


def _pages(page: Callable[[], int], most: int | None) -> int:
    done, pages = 0, 0
    while (most is None or pages < most) and (number := page()):
        done, pages = done + number, pages + 1
    return done


@transaction
def _redispatch_page(at: datetime) -> int:
    tenants = dict(Tenant.objects.active().values_list("pk", "name"))
    live = queries.live_types(at=at)
    configured = queries.plans(tenant_ids=tenants)
    page = _page(Request.objects.of_tenants(tenants).filter(_can_go(live, configured, at)))
    bulk = Bulk(live=live, at=at, touched={request.pk: request for request in page})
    for request in page:
        plan = dispatch.current_plan(request=request, configured=configured)
        if not request.plan:
            bulk.heavy[request.pk] = frozenset({"plan"})
        dispatch.assign(request=request, plan=plan, live=live, at=at)
    settle(bulk=bulk, tenants=tenants)
    return len(page)


@transaction
def _branches_page(at: datetime) -> int:
    """Take up branches of parallel steps that can go, wherever the others of their requests are."""
    tenants = dict(Tenant.objects.active().values_list("pk", "name"))
    live = queries.live_types(at=at)
    keys = branch_rows.takeable(tenant_ids=tenants, live=live, at=at, most=settings.SWEEP_PAGE)
    page = (
        _page(Request.objects.of_tenants(tenants).filter(pk__in=keys, status__in=sorted(UNDER_WAY)))
        if keys
        else []
    )
    bulk = Bulk(live=live, at=at, touched={request.pk: request for request in page})
    for request in page:
        plan = dispatch.current_plan(request=request, configured={})
        dispatch.assign(request=request, plan=plan, live=live, at=at)
    settle(bulk=bulk, tenants=tenants, releasing=False)
    return len(forks.sent(page))


@transaction
def _release_page(at: datetime) -> int:
    live = queries.live_types(at=at)
    holding = flow_queries.holding_types(worker_types=live)
    return settle(bulk=Bulk(live=live, at=at), tenants={}, release=holding)


def _can_go(live: LiveTypes, configured: dict[PlanKey, Plan], at: datetime) -> Q:
    takeable = queries.waiting_for(live=live, configured=configured)
    waiting = Q(status=RequestStatus.NO_WORKER_AVAILABLE) & takeable
    due = Q(status=RequestStatus.TO_DISPATCH, due_at__lte=at)
    return waiting | due


def _page(candidates: RequestQuerySet) -> list[Request]:
    return list(candidates.locked(skip_locked=True).weighed()[: settings.SWEEP_PAGE])
