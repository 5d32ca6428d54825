"""Why a request is where it is, told from facts. Pure; no database."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from worker_manager.policy import UNSET, attempts_allowed
from worker_manager.states import FINAL, RequestStatus
from worker_manager.workflow_plan import Plan, PlanStep
from workers.contract.bodies import format_date


class ReasonCode(StrEnum):
    """What keeps a request where it is."""

    #: Nothing of the tenant is dispatched or rescued.
    TENANT_INACTIVE = "TENANT_INACTIVE"
    #: Neither a worker type nor a workflow takes the content type.
    NO_CONFIGURATION = "NO_CONFIGURATION"
    #: Nobody serves the worker type of the current step.
    NO_LIVE_WORKER = "NO_LIVE_WORKER"
    #: Somebody paused the worker type of the current step.
    TYPE_PAUSED = "TYPE_PAUSED"
    #: Somebody paused its content type.
    CONTENT_TYPE_PAUSED = "CONTENT_TYPE_PAUSED"
    #: The worker type has as many requests in flight as it may have, or those that are held go first.
    IN_FLIGHT_LIMIT = "IN_FLIGHT_LIMIT"
    #: A worker postponed it, or its last attempt failed and a pause comes before the next one.
    DUE_LATER = "DUE_LATER"
    #: It can go, as soon as a manager sweeps.
    AWAITING_SWEEP = "AWAITING_SWEEP"
    #: It is in the queue of a worker type.
    AWAITING_WORKER = "AWAITING_WORKER"
    #: A worker said that it has started.
    RUNNING = "RUNNING"
    #: The instance that runs it is not alive.
    WORKER_SILENT = "WORKER_SILENT"
    #: It failed and is kept.
    UP_TO_OPERATOR = "UP_TO_OPERATOR"
    #: Its row is as no manager writes it, so nothing takes it up.
    INCONSISTENT = "INCONSISTENT"
    #: Later steps wait for the current one; keeps nothing from going on by itself.
    EARLIER_STEP = "EARLIER_STEP"
    #: The current step is in a loop, in one of several rounds; likewise.
    IN_LOOP = "IN_LOOP"
    #: What the current step gets is a file of the shared storage; likewise.
    CONTENT_STORED = "CONTENT_STORED"


#: They tell where a request is in its workflow, and keep nothing from going on by itself.
OF_WORKFLOW: Final = frozenset({ReasonCode.EARLIER_STEP, ReasonCode.IN_LOOP, ReasonCode.CONTENT_STORED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One reason: a code for machines, a text for people, and the facts of the text as JSON."""

    code: ReasonCode
    text: str
    facts: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        """Write the reason as JSON."""
        return {"code": self.code.value, "text": self.text, "facts": dict(self.facts)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The settings that decide when something happens by itself, in seconds."""

    queue_timeout: float
    run_timeout: float
    heartbeat_expiry: float
    sweep: float
    #: Attempts that a step has when its policy does not say.
    max_attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseFact:
    """A pause that a request feels."""

    #: Of its worker type; otherwise of its content type.
    of_worker_type: bool
    name: str
    #: It holds for every tenant.
    of_platform: bool
    paused_by: str
    paused_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """All that the reasons of one request depend on."""

    at: datetime
    limits: Limits
    tenant: str
    tenant_active: bool
    status: RequestStatus
    content_type: str
    #: The plan it follows: its own since the first dispatch, the configured one before; none, if neither is.
    plan: Plan | None
    #: The step of the plan that it is at.
    step: PlanStep | None
    step_number: int
    #: Rounds of the loop that the step is in that were before.
    repeats: int
    attempt: int
    #: Attempts at the current step that failed, and what ended the last one.
    failed: int
    failure: str | None
    error: str | None
    #: Worker type that it was sent to.
    worker_type: str | None
    worker_id: str | None
    due_at: datetime | None
    #: Last dispatch, or last sign of the worker.
    moved_at: datetime
    #: When the watchdog ends the attempt, where that was stored.
    deadline_at: datetime | None
    #: Worker types that somebody serves now.
    live: Collection[str]
    #: Those that keep it from being dispatched, as long as it waits.
    pauses: Sequence[PauseFact]
    #: Requests of the needed worker type that may be in flight (none: as many as there are), and how many of
    #: its tenant are.
    limit: int | None
    in_flight: int
    #: If it waits: nothing of flow control keeps it from being dispatched.
    has_place: bool
    #: When an instance of the needed worker type beat last, where one is remembered.
    type_beat: datetime | None
    #: When the instance that runs it beat last, where that is remembered.
    worker_beat: datetime | None
    #: Since when managers hear any instance without a gap; none: they hear nobody now.
    hearing_since: datetime | None
    #: Bytes of what the step gets, and where in the shared storage they are; none: not there.
    content_size: int = 0
    content_place: str | None = None

    @property
    def needs(self) -> str | None:
        """Worker type that has to be alive for the request to go on."""
        if self.status in {RequestStatus.DISPATCHED, RequestStatus.RUNNING}:
            return self.worker_type
        return self.step.worker_type if self.step else None


def reasons(*, situation: Situation) -> list[Reason]:
    """Return why a request is where it is, what matters most first; nothing for one that has ended."""
    if situation.status in FINAL:
        return []
    return [
        *_of_tenant(situation),
        *_BY_STATUS[situation.status](situation),
        *_of_steps(situation),
        *_of_loop(situation),
        *_of_content(situation),
    ]


def _of_tenant(situation: Situation) -> list[Reason]:
    if situation.tenant_active:
        return []
    text = f"Tenant {situation.tenant} is not active: its requests are neither dispatched nor rescued"
    return [_reason(ReasonCode.TENANT_INACTIVE, text, tenant=situation.tenant)]


def _of_steps(situation: Situation) -> list[Reason]:
    plan, step = situation.plan, situation.step
    if plan is None or step is None or step.number >= plan.steps[-1].number:
        return []
    position = plan.steps.index(step) + 1
    following = [" + ".join(later.workers) for later in plan.steps[position:]]
    text = (
        f"Step {position} of {len(plan.steps)}, worker type {' + '.join(step.workers)}, comes first; "
        f"it is followed by {', '.join(map(_told, plan.steps[position:]))}"
    )
    return [
        _reason(
            ReasonCode.EARLIER_STEP,
            text,
            workflowType=plan.workflow_type,
            stepNumber=step.number,
            position=position,
            steps=len(plan.steps),
            workerType=step.worker_type,
            following=following,
        )
    ]


def _of_loop(situation: Situation) -> list[Reason]:
    plan, step = situation.plan, situation.step
    loop = plan.loop_of(step.number) if plan and step else None
    if loop is None:
        return []
    this, most = situation.repeats + 1, loop.repeat.most
    text = f"Round {this} of at most {most} of {loop.steps}, repeated while {loop.repeat.condition}"
    return [
        _reason(
            ReasonCode.IN_LOOP,
            text,
            fromStep=loop.first,
            toStep=loop.last,
            round=this,
            mostRounds=most,
            condition=str(loop.repeat.condition),
        )
    ]


def _of_content(situation: Situation) -> list[Reason]:
    size, place = situation.content_size, situation.content_place
    if place is None:
        return []
    text = f"Its step gets {size} bytes, which are in {place} of the shared storage"
    return [_reason(ReasonCode.CONTENT_STORED, text, size=size, place=place)]


def _told(step: PlanStep) -> str:
    return f"{' + '.join(step.workers)}{f' (if {step.condition})' if step.condition else ''}"


def _to_dispatch(situation: Situation) -> list[Reason]:
    if situation.due_at is None or situation.due_at <= situation.at:
        return _waiting(situation)
    return [_due_later(situation, format_date(situation.due_at)), *_obstacles(situation)]


def _due_later(situation: Situation, due: str) -> Reason:
    facts = {"dueAt": due, "error": situation.error, "attempt": situation.attempt}
    if situation.failure is None:
        text = f"Its next attempt is due at {due}: {situation.error or 'the worker asked to retry later'}"
        return _reason(ReasonCode.DUE_LATER, text, **facts)
    policy = situation.step.policy if situation.step else UNSET
    allowed = attempts_allowed(policy, situation.limits.max_attempts)
    text = (
        f"Attempt {situation.failed} of {allowed} ended in {situation.failure}, the next is due at {due}: "
        f"{situation.error or 'no reason was given'}"
    )
    return _reason(
        ReasonCode.DUE_LATER,
        text,
        **facts,
        failure=situation.failure,
        failedAttempts=situation.failed,
        maxAttempts=allowed,
    )


def _waiting(situation: Situation) -> list[Reason]:
    obstacles = _obstacles(situation)
    if obstacles or not situation.tenant_active:
        return obstacles
    text = (
        f"Worker type {situation.needs} is alive; a manager takes the request up within "
        f"{situation.limits.sweep:g} s (`manage.py doctor` sees whether managers sweep)"
    )
    return [
        _reason(
            ReasonCode.AWAITING_SWEEP, text, workerType=situation.needs, sweepSeconds=situation.limits.sweep
        )
    ]


def _obstacles(situation: Situation) -> list[Reason]:
    """Return what keeps a request from being dispatched, its tenant and its time aside."""
    if situation.plan is None:
        text = "Nothing is configured for content type " + (situation.content_type or "''")
        return [_reason(ReasonCode.NO_CONFIGURATION, text, contentType=situation.content_type)]
    if situation.step is None:
        text = f"Its plan has no step {situation.step_number}"
        return [_reason(ReasonCode.INCONSISTENT, text, stepNumber=situation.step_number)]
    return [*map(_of_pause, situation.pauses), *_of_fleet(situation)]


def _of_pause(pause: PauseFact) -> Reason:
    since = format_date(pause.paused_at)
    what, code = _PAUSED[pause.of_worker_type]
    whose = "every tenant" if pause.of_platform else "this tenant"
    text = (
        f"{what[0].upper()}{what[1:]} {pause.name} is paused for {whose}, by {pause.paused_by} since {since}"
    )
    key = "workerType" if pause.of_worker_type else "contentType"
    facts = {key: pause.name, "pausedBy": pause.paused_by, "since": since}
    return _reason(code, text, **facts, ofPlatform=pause.of_platform)


def _of_fleet(situation: Situation) -> list[Reason]:
    if situation.needs in situation.live:
        return _of_places(situation)
    beat = _date(situation.type_beat)
    known = f"the last one was heard at {beat}" if beat else "none was heard of late"
    text = f"No live worker of type {situation.needs}: {known}"
    return [_reason(ReasonCode.NO_LIVE_WORKER, text, workerType=situation.needs, lastBeat=beat)]


def _of_places(situation: Situation) -> list[Reason]:
    if situation.has_place:
        return []
    text = (
        f"Worker type {situation.needs} may have {situation.limit} requests of all tenants in flight; these "
        "places are taken, or others go first: tenants in turns, then by priority and age. "
        f"{situation.in_flight} of this tenant are in flight"
    )
    return [
        _reason(
            ReasonCode.IN_FLIGHT_LIMIT,
            text,
            workerType=situation.needs,
            limit=situation.limit,
            inFlight=situation.in_flight,
        )
    ]


def _dispatched(situation: Situation) -> list[Reason]:
    since = format_date(situation.moved_at)
    watchdog = format_date(_deadline(situation, situation.limits.queue_timeout))
    text = (
        f"In the queue of worker type {situation.worker_type} since {since}, attempt {situation.attempt}; "
        f"the watchdog acts after {watchdog}"
    )
    queued = _reason(
        ReasonCode.AWAITING_WORKER,
        text,
        workerType=situation.worker_type,
        since=since,
        attempt=situation.attempt,
        watchdogAt=watchdog,
    )
    return [queued, *_of_fleet(situation)]


def _running(situation: Situation) -> list[Reason]:
    sign = format_date(situation.moved_at)
    watchdog = format_date(_end_of_patience(situation))
    instance = f"instance {situation.worker_id}" if situation.worker_id else "an instance that gave no name"
    text = (
        f"Running on {instance} of worker type {situation.worker_type}, attempt {situation.attempt}, "
        f"last sign at {sign}; the watchdog acts after {watchdog}"
    )
    runs = _reason(
        ReasonCode.RUNNING,
        text,
        workerType=situation.worker_type,
        workerId=situation.worker_id,
        lastSign=sign,
        attempt=situation.attempt,
        watchdogAt=watchdog,
    )
    return [runs, *_of_instance(situation)]


def _of_instance(situation: Situation) -> list[Reason]:
    if situation.worker_id is None or _beats(situation):
        return []
    beat = _date(situation.worker_beat)
    known = f"it was heard last at {beat}" if beat else "it was not heard of late"
    text = f"Instance {situation.worker_id} is not alive: {known}"
    return [_reason(ReasonCode.WORKER_SILENT, text, workerId=situation.worker_id, lastBeat=beat)]


def _end_of_patience(situation: Situation) -> datetime:
    """Return until when the watchdog waits: not as long when the instance is known to be dead.

    It is not while managers are deaf, or were until they hear others for as long as it takes (`hearing`).
    """
    deadline = _deadline(situation, situation.limits.run_timeout)
    if situation.worker_id is None or _beats(situation) or situation.hearing_since is None:
        return deadline
    orphaned = max(situation.moved_at, situation.hearing_since)
    return min(deadline, orphaned + timedelta(seconds=situation.limits.heartbeat_expiry))


def _deadline(situation: Situation, otherwise: float) -> datetime:
    """Return the stored deadline; requests that the release before dispatched have none."""
    return situation.deadline_at or situation.moved_at + timedelta(seconds=otherwise)


def _beats(situation: Situation) -> bool:
    expired = situation.at - timedelta(seconds=situation.limits.heartbeat_expiry)
    return situation.worker_beat is not None and situation.worker_beat > expired


def _failed(situation: Situation) -> list[Reason]:
    told = f"It ended in {situation.status.value}: {situation.error or 'no reason was given'}"
    text = f"{told}. It is kept until an operator retries or deletes it"
    return [
        _reason(
            ReasonCode.UP_TO_OPERATOR,
            text,
            status=situation.status.value,
            error=situation.error,
            attempt=situation.attempt,
        )
    ]


#: By whether the worker type is paused.
_PAUSED: Final = {
    True: ("Worker type", ReasonCode.TYPE_PAUSED),
    False: ("Content type", ReasonCode.CONTENT_TYPE_PAUSED),
}
_BY_STATUS: Final[Mapping[RequestStatus, Callable[[Situation], list[Reason]]]] = {
    RequestStatus.TO_DISPATCH: _to_dispatch,
    RequestStatus.DISPATCHED: _dispatched,
    RequestStatus.NO_WORKER_AVAILABLE: _waiting,
    RequestStatus.RUNNING: _running,
    RequestStatus.INVALID_CONTENT: _failed,
    RequestStatus.ERROR: _failed,
}


def _reason(code: ReasonCode, text: str, **facts: Any) -> Reason:
    return Reason(
        code=code, text=text, facts={name: fact for name, fact in facts.items() if fact is not None}
    )


def _date(date: datetime | None) -> str | None:
    return format_date(date) if date else None
