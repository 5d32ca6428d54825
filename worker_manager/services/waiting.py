"""Take up requests that wait: for a worker, or for their time."""

import logging
from datetime import datetime

from django.conf import settings
from django.db.models import Q

from regards_processing.kernel.db.transactions import transaction
from regards_processing.kernel.tenancy.models import Tenant
from worker_manager import queries
from worker_manager.models import Request
from worker_manager.models.request import RequestQuerySet
from worker_manager.queries import LiveTypes, PlanKey
from worker_manager.services import dispatch
from worker_manager.services.bulks import Bulk, settle
from worker_manager.states import RequestStatus
from worker_manager.workflow_plan import Plan

log = logging.getLogger(__name__)


def redispatch_waiting(*, at: datetime, max_pages: int | None = None) -> int:
    """Dispatch waiting requests that somebody can take now, page by page; return how many.

    Several managers may do this at once: each takes rows that no other has locked.

    Args:
        at: time of the dispatch.
        max_pages: pages to take at most; ``None`` for all there are.
    """
    taken, pages = 0, 0
    while (max_pages is None or pages < max_pages) and (page := _redispatch_page(at)):
        taken, pages = taken + page, pages + 1
    if taken:
        log.info("waiting requests taken up", extra={"action": "request.redispatched", "requests": taken})
    return taken


@transaction
def _redispatch_page(at: datetime) -> int:
    tenants = dict(Tenant.objects.active().values_list("pk", "name"))
    live = queries.live_types(at=at)
    configured = queries.plans(tenant_ids=tenants)
    page = _page(Request.objects.of_tenants(tenants).filter(_can_go(live, configured, at)))
    bulk = Bulk(live=live, at=at, touched={request.pk: request for request in page})
    for request in page:
        plan = dispatch.current_plan(request=request, configured=configured)
        if not request.attempt:
            bulk.heavy[request.pk] = frozenset({"plan"})
        dispatch.assign(request=request, plan=plan, live=live, at=at)
    settle(bulk=bulk, tenants=tenants)
    return len(page)


def _can_go(live: LiveTypes, configured: dict[PlanKey, Plan], at: datetime) -> Q:
    takeable = queries.waiting_for(live=live, configured=configured)
    waiting = Q(status=RequestStatus.NO_WORKER_AVAILABLE) & takeable
    due = Q(status=RequestStatus.TO_DISPATCH, due_at__lte=at)
    return waiting | due


def _page(candidates: RequestQuerySet) -> list[Request]:
    return list(candidates.locked(skip_locked=True).without_payloads()[: settings.SWEEP_PAGE])
