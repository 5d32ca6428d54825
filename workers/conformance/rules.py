"""What the contract says of the messages of a worker. Pure."""

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from workers.conformance.heard import Heard
from workers.contract import headers as header_names
from workers.contract import names
from workers.contract.errors import MalformedMessage
from workers.contract.heartbeat import WorkerHeartbeat
from workers.contract.work_answer import AnswerStatus, WorkAnswer

#: Statuses that every manager knows; ours knows two more, of those who name the dispatch.
KNOWN: Final = (AnswerStatus.RUNNING, AnswerStatus.INVALID_CONTENT, AnswerStatus.SUCCESS, AnswerStatus.ERROR)
#: A manager forgets a worker so many seconds after the date of its last heartbeat.
EXPIRES_AFTER: Final = 60
#: Several heartbeats have to fit into that time, because one may be lost.
LONGEST_PAUSE: Final = 20.0


def heartbeat_faults(beat: Heard, *, worker_type: str, now: datetime) -> list[str]:
    """Return what is wrong with a heartbeat."""
    try:
        read = WorkerHeartbeat.from_wire(headers=beat.headers, body=beat.body)
    except MalformedMessage as error:
        return [error.reason]
    faults = []
    if read.worker_type != worker_type:
        faults.append(f"type is {read.worker_type!r}, this examination is of {worker_type!r}")
    if abs(now - read.beaten_at) > timedelta(seconds=EXPIRES_AFTER):
        faults.append(f"heartBeatDate is {read.beaten_at.isoformat()}, the clock here says {now.isoformat()}")
    return faults


def pause_faults(beats: list[float]) -> list[str]:
    """Return what is wrong with the times of heartbeats of one instance, in seconds."""
    longest = longest_pause(beats)
    if longest <= LONGEST_PAUSE:
        return []
    return [f"{longest:.1f} s between two heartbeats; managers forget a worker after {EXPIRES_AFTER} s"]


def longest_pause(beats: list[float]) -> float:
    """Return the longest time between two heartbeats."""
    return max((later - earlier for earlier, later in pairwise(beats)), default=0.0)


def answer_faults(answer: Heard, *, tenant: str) -> list[str]:
    """Return what is wrong with an answer to a request of a tenant."""
    faults = []
    if answer.headers.get(header_names.TENANT) != tenant:
        got = answer.headers.get(header_names.TENANT)
        faults.append(f"header {header_names.TENANT} must be that of the request, {tenant!r}, got {got!r}")
    try:
        read = WorkAnswer.from_wire(headers=answer.headers, body=answer.body, correlation_id=None)
    except MalformedMessage as error:
        return [*faults, error.reason]
    if read.status not in KNOWN:
        allowed = ", ".join(KNOWN)
        faults.append(
            f"status must be one of {allowed} for a manager that names no dispatch, got {read.status}"
        )
    if answer.exchange != names.RESPONSE_EXCHANGE:
        faults.append(f"answered on {answer.exchange!r}, answers go to {names.RESPONSE_EXCHANGE!r}")
    return faults


def status_of(answer: Heard) -> str | None:
    """Return the status of an answer; ``None`` when it cannot be read."""
    try:
        return WorkAnswer.from_wire(headers=answer.headers, body=answer.body, correlation_id=None).status
    except MalformedMessage:
        return None


def instance_of(beat: Heard) -> str | None:
    """Return the instance that a heartbeat names; ``None`` when it cannot be read."""
    try:
        return WorkerHeartbeat.from_wire(headers=beat.headers, body=beat.body).worker_id
    except MalformedMessage:
        return None
