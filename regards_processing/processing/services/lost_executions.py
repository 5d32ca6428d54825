"""End executions that nothing will end: their requests have left the engine, and no answer came."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db.models import Q

from regards_processing.kernel.amqp import topology
from regards_processing.kernel.db.transactions import transaction
from regards_processing.processing.models import Execution
from regards_processing.processing.queries import locked_executions
from regards_processing.processing.services.cancellation import end_early
from regards_processing.processing.steps import Outcome
from worker_manager.services.liveness import vouching
from worker_manager.services.whereabouts import Whereabouts, whereabouts
from worker_manager.states import RequestStatus

_EVERYBODY: Final = "the platform watches the executions of every tenant"
#: Tenant, execution and deadline.
_Open = tuple[int, UUID, datetime | None]


def end_lost(*, at: datetime) -> int:
    """End the executions whose answer does not come, page by page; return how many.

    Operators may delete requests that wait, which clients hear nothing of.
    """
    return sum(_end_page(page, at) for page in _pages(at))


def _pages(at: datetime) -> Iterator[list[_Open]]:
    """Give the executions that are with the engine for long enough, in the order of their index."""
    settled = at - timedelta(seconds=settings.EXECUTION_TIMEOUT_GRACE)
    known = Execution.objects.across_tenants(because=_EVERYBODY).awaited()
    found = known.filter(held=False, last_updated__lt=settled).order_by("deadline_at", "pk")
    rest = found.values_list("tenant_id", "pk", "deadline_at")
    while page := list(rest[: settings.SWEEP_PAGE]):
        yield page
        _, pk, deadline = page[-1]
        behind = Q(deadline_at__gt=deadline) | Q(deadline_at=deadline, pk__gt=pk)
        rest = found.filter(behind, deadline_at__gte=deadline).values_list("tenant_id", "pk", "deadline_at")


def _lost(page: Sequence[_Open], at: datetime) -> dict[UUID, Whereabouts | None]:
    """Return those executions whose request has ended or is gone, and whose answer is not on its way."""
    keys = {(tenant, str(pk)) for tenant, pk, _ in page}
    requests = whereabouts(source=topology.PROCESSING_OWNER, keys=keys)
    heard = vouching(at=at).exists()
    found = {pk: requests.get((tenant, str(pk))) for tenant, pk, _ in page}
    return {pk: request for pk, request in found.items() if _is_lost(request, heard=heard, at=at)}


def _is_lost(request: Whereabouts | None, *, heard: bool, at: datetime) -> bool:
    if request is None:
        return heard
    if not request.has_ended:
        return False
    # Managers that are deaf may have a success in their queue; other answers say no more than we do.
    may_wait = request.status == RequestStatus.SUCCESS and not heard
    return not may_wait and request.since < at - timedelta(seconds=settings.EXECUTION_TIMEOUT_GRACE)


@transaction
def _end_page(page: Sequence[_Open], at: datetime) -> int:
    lost = _lost(page, at)
    executions = locked_executions(ids=list(lost), skip_locked=True)
    end_early(ended=[(each, Outcome.failure(_reason(lost[each.pk]))) for each in executions], at=at)
    return len(executions)


def _reason(request: Whereabouts | None) -> str:
    if request is None:
        return "The engine knows nothing of its request any more"
    if request.status == RequestStatus.TO_DELETE:
        return "Its request was deleted"
    told = f"Its request ended in {request.status}, and no answer came"
    return f"{told}: {request.error}" if request.error else told
