"""Apply what workers answered: the one place where a dispatched request goes on."""

import logging
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from django.conf import settings

from regards_processing.kernel.db.transactions import transaction
from regards_processing.kernel.inbox import services as inbox
from worker_manager import answer_rules, counters, forks, queries
from worker_manager.answer_rules import Advance, Dispatch, End, Failed, Meaning, Postponed, Progress, ending
from worker_manager.events.nameless_answer import NamelessAnswer
from worker_manager.kept_places import KeptPlaces
from worker_manager.models import Request
from worker_manager.policy import Failure
from worker_manager.services import attempts, dispatch, moves
from worker_manager.services.bulks import Bulk, locked, settle
from worker_manager.services.dropped import Dropped
from worker_manager.states import FAILED, RequestStatus
from worker_manager.workflow_plan import Plan
from workers.contract.content_folder import ContentLost
from workers.contract.work_answer import AnswerStatus, WorkAnswer

log = logging.getLogger(__name__)


def apply_answers(
    *, answers: Sequence[WorkAnswer], at: datetime, kept: KeptPlaces | None = None
) -> list[Dropped]:
    """Apply answers in the order they came; return those that did not count, with the reason.

    The state after the last answer to a request is what is stored and what its client is told. Where contents
    are read, for clients or for the step after a parallel one, a transaction ends when it has read as much as
    a bulk may.

    Args:
        answers: in the order they came.
        at: time of reception.
        kept: what the manager remembers of places that were given back.
    """
    dropped, begun = _apply_some(answers, at, kept)
    while begun < len(answers):
        found, taken = _apply_some(answers[begun:], at, kept)
        dropped += [replace(drop, position=begun + drop.position) for drop in found]
        begun += taken
    return dropped


@transaction
def _apply_some(
    answers: Sequence[WorkAnswer], at: datetime, kept: KeptPlaces | None
) -> tuple[list[Dropped], int]:
    """Apply answers while there is room; return those that did not count, and how many were looked at."""
    tenants = queries.active_tenants(names={answer.tenant for answer in answers})
    requests = locked(
        keys={(tenants[answer.tenant], answer.request_id) for answer in answers if answer.tenant in tenants}
    )
    # With the requests locked: another manager may be about to commit what the broker gave to us as well.
    known = _handled_before(answers)
    bulk = Bulk(live=queries.live_types(at=at), at=at)
    dropped = []
    contents = bulk.live.contents
    for position, answer in enumerate(answers):
        if contents.is_full or (answer.stored is not None and not contents.has_room(answer.stored.size)):
            answers = answers[:position]
            break
        request = requests.get((tenants.get(answer.tenant, 0), answer.request_id))
        reason = _apply(answer, request, bulk, known)
        # A sign of life that comes late tells nothing: it is not worth a dead letter.
        if reason and answer.status is not AnswerStatus.RUNNING:
            dropped.append(
                Dropped(position, f"Answer {answer.status} of request {answer.request_id} dropped: {reason}")
            )
    settle(bulk=bulk, tenants={pk: name for name, pk in tenants.items()}, kept=kept)
    counters.answered(answers=answers, dropped=dropped)
    log.info(
        "answers applied",
        extra={"action": "answer.applied", "answers": len(answers), "dropped": len(dropped)},
    )
    return dropped, len(answers)


def _handled_before(answers: Sequence[WorkAnswer]) -> set[UUID]:
    """Return the fingerprints of those that come again and have counted; one statement, if any comes."""
    nameless = [answer for answer in answers if isinstance(answer, NamelessAnswer) and answer.again]
    return inbox.known(fingerprints=[answer.fingerprint for answer in nameless])


def _apply(answer: WorkAnswer, request: Request | None, bulk: Bulk, known: Collection[UUID]) -> str | None:
    """Apply one answer in memory, unless it has counted before; return why it does not count, if so."""
    if request is None:
        return "no such request, or it has ended"
    if not isinstance(answer, NamelessAnswer):
        return _apply_to_part(answer, request, bulk)
    if answer.again and (answer.fingerprint in known or answer.fingerprint in bulk.handled):
        return "it names no dispatch, was delivered before and has counted then"
    reason = _apply_to_part(answer, request, bulk)
    if reason is None:
        bulk.handled.add(answer.fingerprint)
    return reason


def _apply_to_part(answer: WorkAnswer, request: Request, bulk: Bulk) -> str | None:
    """Apply an answer to a request, or to the branch that it is about."""
    if request.fork is None:
        return _apply_to(request, answer, bulk)
    if request.status in FAILED:
        return f"the request awaits no answer, it is {request.status}"
    branch = forks.addressed(request.fork, answer.dispatch_id)
    if isinstance(branch, str):
        return branch
    reason = _apply_to(branch, answer, bulk)
    if reason is None and request.fork.succeeded:
        # What the others have made is read when the bulk ends.
        bulk.live.contents.count(request.fork.made_size)
    return reason


def _apply_to(request: Request, answer: WorkAnswer, bulk: Bulk) -> str | None:
    """Apply an answer to a request, or to a branch, if it belongs to the current dispatch."""
    current = Dispatch(
        status=RequestStatus(request.status),
        dispatch_id=request.dispatch_id,
        names_its_dispatch=request.dispatched_to_celery,
    )
    reason = answer_rules.why_dropped(answer, current)
    if reason is None:
        plan = bulk.plan_of(request)
        meaning = answer_rules.meaning(answer, place=dispatch.place_of(request=request, plan=plan))
        if answer.stored is not None:
            bulk.live.contents.take_over(request=request, content=answer.stored)
            meaning = _for_client(meaning, request, bulk)
        bulk.touch(request.trunk or request)
        if not isinstance(meaning, Progress):
            moves.end_attempt(request=request, ending=ending(answer, meaning), at=bulk.at)
        _move(request, meaning, answer, plan, bulk)
    return reason


def _for_client(meaning: Meaning, request: Request, bulk: Bulk) -> Meaning:
    """Return what an answer means whose content is stored: a client gets its content in full.

    If it is lost already, the step has to be done again.
    """
    if not isinstance(meaning, End) or request.trunk is not None:
        return meaning
    try:
        content = bulk.live.contents.bytes_of(request=request, content=meaning.content)
    except ContentLost as error:
        return Failed(Failure.ERROR, str(error))
    return End(content, meaning.headers)


def _move(request: Request, meaning: Meaning, answer: WorkAnswer, plan: Plan, bulk: Bulk) -> None:
    match meaning:
        case Progress(message):
            request.error, request.worker_id = message, answer_rules.instance(answer)
            policy = attempts.policy_of(request=request, plan=plan)
            within = policy.run_timeout or settings.RUN_TIMEOUT
            moves.move(request=request, to=RequestStatus.RUNNING, at=bulk.at, within=within)
        case End(content, headers):
            request.take(content)
            request.error, request.headers = None, headers
            request.worker_id = answer_rules.instance(answer) or request.worker_id
            moves.move(request=request, to=RequestStatus.SUCCESS, at=bulk.at)
        case Advance():
            dispatch.advance(request=request, to=meaning, plan=plan, live=bulk.live, at=bulk.at)
            bulk.heavy[request.id] = dispatch.NEW_STEP
        case Postponed(seconds, reason):
            attempts.postponed(request=request, seconds=seconds, reason=reason, at=bulk.at)
        case Failed(failure, reason, for_good):
            request.worker_id = answer_rules.instance(answer) or request.worker_id
            if for_good:
                request.error = reason
                moves.move(request=request, to=RequestStatus.ERROR, at=bulk.at)
                return
            attempts.failed(
                request=request, failure=failure, reason=reason, plan=plan, live=bulk.live, at=bulk.at
            )
