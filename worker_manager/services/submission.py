"""Take requests in."""

import hashlib
import logging
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Final

from django.conf import settings

from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.envelope import Outbound
from regards_processing.kernel.audit.models import Origin
from regards_processing.kernel.db import rows
from regards_processing.kernel.db.transactions import transaction
from regards_processing.kernel.db.trips import in_one_trip
from regards_processing.kernel.outbox.services import publish_after_commit
from worker_manager import counters, forks, queries, tracing
from worker_manager.events.request_answered import RequestAnswered, ResponseState
from worker_manager.events.request_submitted import RequestSubmitted
from worker_manager.kept_places import KeptPlaces
from worker_manager.models import Request
from worker_manager.models.light_requests import new_request
from worker_manager.services import (
    branch_rows,
    branches,
    dispatch,
    flow,
    reserved,
    responses,
    session_counts,
)
from worker_manager.services.dropped import Dropped
from worker_manager.states import RequestStatus
from workers.contract import headers as names

log = logging.getLogger(__name__)

_COLUMNS: Final = {
    "tenant": "tenant_id",
    "request_id": "request_id",
    "creation_date": "creation_date",
    "content_type": "content_type",
    "source": "source",
    "session": "session",
    "status": "status",
    "dispatched_worker_type": "dispatched_worker_type",
    "step_number": "step_number",
    "step_worker_type": "step_worker_type",
    "plan": "plan",
    "original_content": "original_content",
    "digest": "digest",
    "attempt": "attempt",
    "lost_attempts": "lost_attempts",
    "dispatched_to_celery": "dispatched_to_celery",
    "priority": "priority",
    "moved_at": "moved_at",
    "deadline_at": "deadline_at",
    "trace": "trace",
    "trail": "trail",
}
_values: Final = attrgetter(*_COLUMNS.values())
_MISSING: Final = "<{header}> property is missing from request message headers"
_TOO_BIG: Final = "The body has {size} bytes, the limit is {limit}"
_SKIPPED: Final = (
    "Content type <{content_type}> is configured to be automatically skipped on tenant <{tenant}>"
)

_RESERVED: Final = "<{header}> {owner} is reserved for that service of the platform"

RequestKey = tuple[int, str]


@dataclass(slots=True)
class SubmissionReport:
    """What became of a bulk of submissions."""

    #: Requests that were stored: dispatched, held or waiting.
    stored: list[Request] = field(default_factory=list)
    #: Submissions that were refused, with the reasons that the client was given.
    refused: list[tuple[RequestSubmitted, tuple[str, ...]]] = field(default_factory=list)
    #: Submissions that must be kept as dead letters: no active tenant, or too big.
    unanswered: list[Dropped] = field(default_factory=list)
    #: Deliveries of requests that are known already: the broker repeated itself.
    repeated: int = 0


@dataclass(frozen=True, slots=True)
class _Known:
    """What the database knows of the requests of a bulk."""

    tenants: Mapping[str, int]
    skipped: Mapping[int, frozenset[str]]
    #: Digest of the body of each stored request.
    stored: Mapping[RequestKey, bytes]
    #: Digests of the bodies of requests that have ended; asked only for redelivered messages.
    finished: Collection[tuple[RequestKey, bytes]]


@transaction
def submit_requests(
    *,
    submissions: Sequence[RequestSubmitted],
    at: datetime,
    max_bytes: int,
    kept: KeptPlaces | None = None,
    origin: Origin = Origin.MESSAGE,
) -> SubmissionReport:
    """Store requests, dispatch those whose worker type is alive and has a place, and answer the clients.

    Args:
        submissions: in the order they came.
        at: time of reception.
        max_bytes: largest accepted body.
        kept: what the manager remembers of places that were given back.
        origin: the door. Nobody but services of the platform itself may submit as one of them. Callers of
            REST may submit nothing that is reserved, and hear what is known of a request. So of one that
            comes again all is known that is remembered; else only what ended in the last
            `REDELIVERED_WITHIN` seconds: its id may be used again, and silence would lose it.

    Raises:
        ReservedForService: a caller of REST submits what is reserved; nothing is stored.
    """
    report = SubmissionReport()
    by_rest = origin is Origin.REST
    if by_rest:
        reserved.check_names(submissions)
    known = _read(submissions, None if by_rest else at - timedelta(seconds=settings.REDELIVERED_WITHIN))
    foreign = frozenset() if origin is Origin.PLATFORM else reserved.owners()
    accepted = _accept(submissions, known, max_bytes, foreign, report)
    _store(accepted, report, at, kept, by_rest=by_rest)
    tenants = {pk: name for name, pk in known.tenants.items()}
    with in_one_trip():
        session_counts.received(requests=report.stored, at=at)
        branch_rows.store(requests=report.stored)
        dispatched = forks.sent(report.stored)
        contents = {request.id: request.body for request in dispatched}
        publish_after_commit(
            messages=[
                *dispatch.messages(requests=dispatched, contents=contents, tenants=tenants),
                *responses.messages(requests=report.stored, tenants=tenants),
                *(_refusal(submission, reasons, foreign) for submission, reasons in report.refused),
            ],
            at=at,
        )
    tracing.refused(submissions=report.refused, at=at)
    counters.received(
        stored=report.stored,
        refused=[submission.tenant for submission, _ in report.refused],
        unanswered=len(report.unanswered),
        repeated=report.repeated,
        tenants=tenants,
    )
    _log(report)
    return report


def _read(submissions: Sequence[RequestSubmitted], since: datetime | None) -> _Known:
    receiving = queries.receiving_tenants(names={submission.tenant for submission in submissions})
    tenants = {name: tenant_id for name, (tenant_id, _) in receiving.items()}
    asked = [
        ((tenants[submission.tenant], submission.request_id), submission.redelivered)
        for submission in submissions
        if submission.tenant in tenants
    ]
    return _Known(
        tenants=tenants,
        skipped=dict(receiving.values()),
        stored=queries.digests(keys={key for key, _ in asked}),
        finished=queries.finished_digests(
            keys={key for key, redelivered in asked if redelivered}, since=since
        ),
    )


def _accept(
    submissions: Sequence[RequestSubmitted],
    known: _Known,
    max_bytes: int,
    foreign: Collection[str],
    report: SubmissionReport,
) -> dict[RequestKey, RequestSubmitted]:
    """Sort out what cannot be stored; of several submissions with one id the first one counts.

    Args:
        foreign: owners that are none of those who submit here.
    """
    accepted: dict[RequestKey, RequestSubmitted] = {}
    seen: dict[RequestKey, bytes] = {}
    for position, submission in enumerate(submissions):
        tenant_id = known.tenants.get(submission.tenant)
        if tenant_id is None:
            report.unanswered.append(Dropped(position, f"There is no active tenant {submission.tenant}"))
            continue
        if submission.owner in foreign:
            text = _RESERVED.format(header=names.OWNER, owner=submission.owner)
            report.refused.append((submission, (text,)))
            continue
        key, digest = (tenant_id, submission.request_id), _digest(submission)
        earlier = seen.get(key) or known.stored.get(key)
        seen.setdefault(key, digest)
        if submission.redelivered and (earlier == digest or (key, digest) in known.finished):
            report.repeated += 1
            continue
        reasons = _reasons(submission, known.skipped[tenant_id], duplicate=earlier is not None)
        if len(submission.content) > max_bytes:
            reasons += (_TOO_BIG.format(size=len(submission.content), limit=max_bytes),)
            report.unanswered.append(Dropped(position, reasons[-1]))
        if reasons:
            report.refused.append((submission, reasons))
        else:
            accepted[key] = submission
    return accepted


def _digest(submission: RequestSubmitted) -> bytes:
    return hashlib.sha256(submission.content).digest()


def _reasons(submission: RequestSubmitted, skipped: frozenset[str], *, duplicate: bool) -> tuple[str, ...]:
    """Return every reason to refuse a submission, in the contract's order and words."""
    content_type = submission.content_type
    checks = (
        (submission.owner is None, _MISSING.format(header=names.OWNER)),
        (content_type is None, _MISSING.format(header=names.CONTENT_TYPE)),
        (content_type in skipped, _SKIPPED.format(content_type=content_type, tenant=submission.tenant)),
        (submission.session is None, _MISSING.format(header=names.SESSION)),
        (duplicate, _already_exists(submission.request_id)),
    )
    return tuple(text for failed, text in checks if failed)


def _already_exists(request_id: str) -> str:
    return f"Request is denied cause the given requestId <{request_id}> already exists"


def _store(
    accepted: Mapping[RequestKey, RequestSubmitted],
    report: SubmissionReport,
    at: datetime,
    kept: KeptPlaces | None,
    *,
    by_rest: bool,
) -> None:
    """Insert the accepted ones with their status; see `_taken_meanwhile` for those that cannot be."""
    configured = queries.plans(
        tenant_ids={tenant_id for tenant_id, _ in accepted},
        content_types={submission.content_type or "" for submission in accepted.values()},
    )
    live = queries.live_types(at=at)
    requests = {key: _new(key[0], submission, at) for key, submission in accepted.items()}
    for key, request in requests.items():
        plan = dispatch.current_plan(request=request, configured=configured)
        if by_rest:
            reserved.check_plan(request=request, plan=plan)
        named = accepted[key].priority
        request.priority = named if named is not None else plan.priority if plan else 0
        dispatch.assign(request=request, plan=plan, live=live, at=at)
    # Whoever is held already goes first: answers and sweeps see to it.
    ready = forks.parts(requests.values())
    flow.admit(requests=ready, before=Counter(), live=live, at=at, releasing=False, kept=kept)
    branches.follow_all(requests=requests.values(), at=at)
    tracing.received(requests=requests, submissions=accepted, at=at)
    # In one order for all managers: two bulks with the same ids must not wait for each other.
    ordered = [requests[key] for key in sorted(requests)]
    inserted = rows.insert_new(
        model=Request,
        columns=list(_COLUMNS),
        rows=list(map(_values, ordered)),
        returning=("tenant", "request_id", "id"),
    )
    stored = {(tenant_id, request_id): pk for tenant_id, request_id, pk in inserted}
    for key, request in requests.items():
        if key in stored:
            request.pk = stored[key]
            report.stored.append(request)
    _taken_meanwhile({key: accepted[key] for key in accepted if key not in stored}, report)


def _taken_meanwhile(late: Mapping[RequestKey, RequestSubmitted], report: SubmissionReport) -> None:
    """Refuse ids that another manager took meanwhile, but not to the client whose own request it took."""
    redelivered = {key for key, submission in late.items() if submission.redelivered}
    stored = queries.digests(keys=redelivered)
    for key, submission in late.items():
        if submission.redelivered and stored.get(key) == _digest(submission):
            report.repeated += 1
        else:
            report.refused.append((submission, (_already_exists(submission.request_id),)))


def _new(tenant_id: int, submission: RequestSubmitted, at: datetime) -> Request:
    return new_request(
        tenant_id=tenant_id,
        request_id=submission.request_id,
        creation_date=at,
        content_type=submission.content_type or "",
        source=submission.owner or "",
        session=submission.session or "",
        status=RequestStatus.TO_DISPATCH,
        original_content=submission.content,
        digest=_digest(submission),
        moved_at=at,
    )


def _refusal(submission: RequestSubmitted, reasons: tuple[str, ...], foreign: Collection[str]) -> Outbound:
    answer = RequestAnswered(
        tenant=submission.tenant,
        request_id=submission.request_id,
        owner=submission.owner,
        session=submission.session,
        content_type=submission.content_type,
        state=ResponseState.SKIPPED,
        messages=reasons,
    )
    message = answer.to_message()
    # A client that calls itself like a service listens where clients do, and the service must not hear it.
    own = submission.owner not in foreign
    return message if own else replace(message, exchange=topology.RESPONSE_EVENT_EXCHANGE)


def _log(report: SubmissionReport) -> None:
    dispatched = sum(request.status == RequestStatus.DISPATCHED for request in report.stored)
    held = sum(map(dispatch.is_held, report.stored))
    log.info(
        "requests received",
        extra={
            "action": "request.received",
            "stored": len(report.stored),
            "dispatched": dispatched,
            "held": held,
            "refused": len(report.refused),
            "repeated": report.repeated,
            "dead_lettered": len(report.unanswered),
        },
    )
