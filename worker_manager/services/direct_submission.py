"""Take requests in from callers who wait for what becomes of each."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from regards_processing.kernel.audit.models import Origin
from regards_processing.kernel.audit.services import Actor, record
from regards_processing.kernel.db.transactions import transaction
from regards_processing.kernel.tenancy.models import Tenant
from worker_manager.events.request_answered import RequestAnswered, ResponseState
from worker_manager.events.request_submitted import RequestSubmitted
from worker_manager.models import FinishedRequest, Request
from worker_manager.services import responses
from worker_manager.services.submission import SubmissionReport, submit_requests

_ON_ITS_WAY: Final = "Your request is on its way."

State = tuple[ResponseState, tuple[str, ...]]
#: It was deleted since it was found to be known.
_GONE: Final[State] = (ResponseState.SKIPPED, ("Your request was known, and has been deleted.",))


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a caller hears of one submission: what clients hear by message, and whether it was known."""

    request_id: str
    state: ResponseState
    messages: tuple[str, ...]
    #: A request of this id and body was there before; nothing new was stored.
    repeated: bool


@transaction
def submit_directly(
    *, tenant: Tenant, submissions: Sequence[RequestSubmitted], actor: Actor, at: datetime, max_bytes: int
) -> list[Told]:
    """Submit requests of one tenant as messages would be; return what became of each, in their order.

    Unlike those of messages, new ones are in the audit trail: one entry for all.

    The submissions are marked as redelivered: one whose id and body are known is not refused.

    Raises:
        ReservedForService: one of them is of a service of the platform, or goes to a worker type of its own.
    """
    report = submit_requests(submissions=submissions, at=at, max_bytes=max_bytes, origin=Origin.REST)
    refused = _refused(submissions, report)
    states = _states(report.stored, tenant)
    others = {each.request_id for place, each in enumerate(submissions) if place not in refused}
    known = _known(tenant, others - states.keys())
    _record(tenant, [each.request_id for each in report.stored], actor, at)
    told = []
    seen: set[str] = set()
    for place, submission in enumerate(submissions):
        request_id = submission.request_id
        if place in refused:
            told.append(_skipped(request_id, refused[place]))
            continue
        state, messages = states.get(request_id) or known.get(request_id) or _GONE
        # Of several with one id and body the first is new.
        repeated = request_id in seen or request_id not in states
        told.append(Told(request_id=request_id, state=state, messages=messages, repeated=repeated))
        seen.add(request_id)
    return told


def _record(tenant: Tenant, stored: Sequence[str], actor: Actor, at: datetime) -> None:
    if stored:
        target = stored[0] if len(stored) == 1 else f"{len(stored)} requests"
        details = {"requests": len(stored), "ids": stored}
        record(
            actor=actor,
            tenant=tenant.name,
            action="request.submitted",
            target=target,
            details=details,
            at=at,
        )


def _skipped(request_id: str, reasons: tuple[str, ...]) -> Told:
    return Told(request_id=request_id, state=ResponseState.SKIPPED, messages=reasons, repeated=False)


def _refused(
    submissions: Sequence[RequestSubmitted], report: SubmissionReport
) -> Mapping[int, tuple[str, ...]]:
    """Return the reasons of the submissions that were refused, by their place."""
    places = {id(submission): place for place, submission in enumerate(submissions)}
    dropped = {drop.position: (drop.reason,) for drop in report.unanswered}
    return dropped | {places[id(submission)]: reasons for submission, reasons in report.refused}


def _states(requests: Iterable[Request], tenant: Tenant) -> dict[str, State]:
    """Return what the messages to clients say of requests, by their ids."""
    found: dict[str, State] = {}
    for message in responses.messages(requests=list(requests), tenants={tenant.pk: tenant.name}):
        answer = RequestAnswered.from_wire(headers=message.headers, body=message.body)
        found[str(answer.request_id)] = (answer.state, answer.messages)
    return found


def _known(tenant: Tenant, request_ids: Collection[str]) -> dict[str, State]:
    """Return the states of requests that were there before: on their way, or finished."""
    if not request_ids:
        return {}
    # In this order: a request goes from the one table to the other, never back.
    moving = list(Request.objects.for_tenant(tenant).without_payloads().filter(request_id__in=request_ids))
    finished = FinishedRequest.objects.for_tenant(tenant).filter(request_id__in=request_ids).order_by("pk")
    ended = [
        Request(
            tenant=tenant,
            request_id=row.request_id,
            content_type=row.content_type,
            source=row.source,
            session=row.session,
            status=row.status,
            dispatched_worker_type=row.worker_type,
            error=row.error,
            original_content=b"",
        )
        for row in finished.defer("trail")
    ]
    silent: dict[str, State] = {
        request.request_id: (ResponseState.GRANTED, (_ON_ITS_WAY,)) for request in moving
    }
    return _states(ended, tenant) | silent | _states(moving, tenant)
