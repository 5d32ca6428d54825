"""What clients are told, by the status of their requests."""

from collections.abc import Mapping, Sequence
from typing import Final

from regards_processing.kernel.amqp.envelope import Outbound
from worker_manager import tracing
from worker_manager.events.request_answered import RequestAnswered, ResponseState
from worker_manager.models import Request
from worker_manager.services import dispatch
from worker_manager.states import RequestStatus
from workers.contract.kept_headers import KEEP_HEADERS

#: Contract 3.3. Statuses that are not listed tell the client nothing.
_STATES: Final[Mapping[str, tuple[ResponseState, str]]] = {
    RequestStatus.DISPATCHED: (ResponseState.GRANTED, "Your request has been successfully registered."),
    RequestStatus.NO_WORKER_AVAILABLE: (
        ResponseState.DELAYED,
        "Your request has been delayed as no worker is currently matching content type <{content_type}>.",
    ),
    RequestStatus.INVALID_CONTENT: (
        ResponseState.INVALID_CONTENT,
        "Your request is not valid (invalidated by the matching worker <{worker_type}>). {error}",
    ),
    RequestStatus.ERROR: (
        ResponseState.ERROR,
        "Error during processing your request in <{worker_type}> worker : Cause : {error}.",
    ),
    # Ours: the contract knows no cancellation, and every client understands this state as an end.
    RequestStatus.CANCELED: (ResponseState.ERROR, "Your request has been cancelled by an operator."),
    RequestStatus.SUCCESS: (
        ResponseState.SUCCESS,
        "Your request has been successfully handled by the <{worker_type}> worker.",
    ),
}


def messages(*, requests: Sequence[Request], tenants: Mapping[int, str]) -> list[Outbound]:
    """Return the responses that the requests' statuses ask for."""
    spans = tracing.of_requests(requests=requests)
    return [
        _message(request, status, tenants[request.tenant_id], spans.get(request.id))
        for request in requests
        if (status := _told(request)) in _STATES
    ]


def _told(request: Request) -> str:
    """Return the status that the client hears of.

    A held request is told as if it were dispatched, and not again when it is: GRANTED once an attempt.
    """
    return RequestStatus.DISPATCHED if dispatch.is_held(request) else request.status


def _message(request: Request, status: str, tenant: str, span: str | None) -> Outbound:
    state, text = _STATES[status]
    granted = state is ResponseState.GRANTED
    wanted = request.fork.step.worker_type if request.fork else request.step_worker_type
    worker_type = wanted if granted else request.dispatched_worker_type
    message = text.format(
        content_type=request.content_type,
        # One that failed before any dispatch names whom it waited for, as far as somebody is configured.
        worker_type=worker_type or request.step_worker_type or "",
        error=request.error or "",
    )
    return RequestAnswered(
        tenant=tenant,
        request_id=request.request_id,
        owner=request.source,
        session=request.session,
        content_type=request.content_type,
        state=state,
        messages=(message,),
        worker_type=worker_type,
        content=request.body if state is ResponseState.SUCCESS else None,
        trace_parent=span,
        additional_headers=_kept(request) if state is ResponseState.SUCCESS else {},
    ).to_message()


def _kept(request: Request) -> Mapping[str, str]:
    """Return the headers that the workflow of a request kept for its client."""
    keeps = request.plan is not None and KEEP_HEADERS in request.plan
    return request.headers or {} if keeps else {}
