"""Keep everybody else off the requests that services of the platform reserve for themselves."""

from collections.abc import Iterable

from regards_processing.kernel.errors import DomainError
from regards_processing.kernel.reservations import Reservation, reservations
from worker_manager.events.request_submitted import RequestSubmitted
from worker_manager.models import Request
from worker_manager.workflow_plan import Plan


class ReservedForService(DomainError):
    """Only a service of the platform may do this."""

    code = "RESERVED_FOR_SERVICE"
    http_status = 403

    def __init__(self, what: str, reservation: Reservation) -> None:
        super().__init__(f"{what} is reserved for {reservation.owner}: {reservation.instead}")


def owners() -> frozenset[str]:
    """Return the services whose requests nobody else submits."""
    return frozenset(each.owner for each in reservations())


def check_names(submissions: Iterable[RequestSubmitted]) -> None:
    """Look at the names that callers of REST give.

    Raises:
        ReservedForService: one is that of a service, or of a content type of its own.
    """
    reserved = reservations()
    for submission in submissions:
        for each in reserved:
            if submission.owner == each.owner:
                raise ReservedForService(f"Source {submission.owner}", each)
            if submission.content_type in each.content_types:
                raise ReservedForService(f"Content type {submission.content_type}", each)


def check_plan(*, request: Request, plan: Plan | None) -> None:
    """Look where a request of a caller of REST goes, by the tenant's configuration.

    Raises:
        ReservedForService: one of its worker types is reserved.
    """
    workers = {name for step in plan.steps for name in step.workers} if plan else set()
    for each in reservations():
        for name in sorted(workers & each.worker_types):
            text = f"Content type {request.content_type} goes to worker type {name}, which"
            raise ReservedForService(text, each)


def check_request(request: Request) -> None:
    """Look whose request an operator means.

    Raises:
        ReservedForService: it is that of a service, which does this by itself.
    """
    for each in reservations():
        if request.source == each.owner:
            raise ReservedForService(f"Request {request.request_id}", each)
