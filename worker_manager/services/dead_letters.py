"""Requests whose message no worker could handle."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from regards_processing.kernel.db.transactions import transaction
from worker_manager import answer_rules, forks, queries
from worker_manager.events.work_dead_lettered import WorkDeadLettered
from worker_manager.kept_places import KeptPlaces
from worker_manager.models import Request
from worker_manager.policy import Failure
from worker_manager.queries import PlanKey
from worker_manager.services import attempts, moves
from worker_manager.services.bulks import Bulk, locked, settle
from worker_manager.services.dropped import Dropped
from worker_manager.states import AWAITING_ANSWER, FAILED, UNDER_ORDERS, RequestStatus
from worker_manager.workflow_plan import Plan


@transaction
def fail_dead_requests(
    *, dead: Sequence[WorkDeadLettered], at: datetime, kept: KeptPlaces | None = None
) -> list[Dropped]:
    """End the attempts whose message came back dead; return the letters that did not count.

    Args:
        dead: in the order they came.
        at: time of reception.
        kept: what the manager remembers of places that were given back.
    """
    tenants = queries.active_tenants(names={letter.tenant for letter in dead})
    requests = locked(
        keys={(tenants[letter.tenant], letter.request_id) for letter in dead if letter.tenant in tenants}
    )
    bulk = Bulk(live=queries.live_types(at=at), at=at)
    dropped = []
    for position, letter in enumerate(dead):
        request = requests.get((tenants.get(letter.tenant, 0), letter.request_id))
        reason = _apply(letter, request, bulk)
        if reason:
            dropped.append(Dropped(position, f"Dead letter of request {letter.request_id} dropped: {reason}"))
    bulk.configured = _configured([request for request in bulk.touched.values() if not request.plan])
    settle(bulk=bulk, tenants={pk: name for name, pk in tenants.items()}, kept=kept)
    return dropped


def _configured(requests: Sequence[Request]) -> Mapping[PlanKey, Plan]:
    """Return today's plans of requests that were never granted; one statement if there are any."""
    if not requests:
        return {}
    return queries.plans(
        tenant_ids={request.tenant_id for request in requests},
        content_types={request.content_type for request in requests},
    )


def _apply(letter: WorkDeadLettered, request: Request | None, bulk: Bulk) -> str | None:
    if request is None:
        return "no such request, or it has ended"
    if request.fork is not None:
        return _apply_to_branch(letter, request, bulk)
    if request.status in UNDER_ORDERS:
        return f"the request is {request.status}"
    named = answer_rules.named_dispatch(letter.dispatch_id)
    if named and named != request.dispatch_id:
        return f"it is dispatch {named}, the current one is {request.dispatch_id}"
    bulk.touch(request)
    _fail(request, letter.error, bulk)
    return None


def _apply_to_branch(letter: WorkDeadLettered, request: Request, bulk: Bulk) -> str | None:
    branch = forks.addressed(request.fork, letter.dispatch_id) if request.fork else None
    if not isinstance(branch, Request):
        return branch
    if request.status in FAILED or branch.status not in AWAITING_ANSWER:
        return f"the branch is {branch.status}, its request {request.status}"
    bulk.touch(request)
    _fail(branch, letter.error, bulk)
    return None


def _fail(request: Request, error: str, bulk: Bulk) -> None:
    if request.status not in AWAITING_ANSWER:
        # No attempt is under way that its policy could follow up.
        request.error = error
        moves.move(request=request, to=RequestStatus.ERROR, at=bulk.at)
        return
    plan = Plan.from_json(request.plan) if request.plan else None
    attempts.failed(
        request=request, failure=Failure.DEAD_LETTER, reason=error, plan=plan, live=bulk.live, at=bulk.at
    )
