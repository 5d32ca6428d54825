"""Why groups of requests wait, in the words of `reasons`. Pure; no database."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from worker_manager.pauses import Pauses
from worker_manager.reasons import ReasonCode


class Stand(StrEnum):
    """Where requests stand; a finer word than their status."""

    #: ``NO_WORKER_AVAILABLE``.
    UNSERVED = "UNSERVED"
    #: ``TO_DISPATCH`` at no time.
    HELD = "HELD"
    #: ``TO_DISPATCH``, and the time has come.
    DUE = "DUE"
    #: ``TO_DISPATCH`` at a later time.
    LATER = "LATER"
    #: ``DISPATCHED``.
    QUEUED = "QUEUED"
    #: ``RUNNING`` on an instance that is not alive.
    SILENT = "SILENT"
    ERROR = "ERROR"
    INVALID_CONTENT = "INVALID_CONTENT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Requests that stand at the same place."""

    stand: Stand
    tenant_id: int
    worker_type: str | None
    content_type: str
    requests: int
    #: When the oldest of them was received; for branches, when it moved last.
    oldest: datetime


#: These wait to be dispatched.
_TO_GO: Final = frozenset({Stand.UNSERVED, Stand.HELD, Stand.DUE, Stand.LATER})
_OF_OPERATORS: Final = frozenset({Stand.ERROR, Stand.INVALID_CONTENT})
#: What is said of each; the name of the subject is filled in.
_TEXTS: Final[Mapping[ReasonCode, str]] = {
    ReasonCode.TENANT_INACTIVE: "Their tenant is not active: nothing of it is dispatched",
    ReasonCode.NO_CONFIGURATION: "Nothing is configured for content type {}",
    ReasonCode.NO_LIVE_WORKER: "Nobody serves worker type {}",
    ReasonCode.TYPE_PAUSED: "Worker type {} is paused",
    ReasonCode.CONTENT_TYPE_PAUSED: "Content type {} is paused",
    ReasonCode.IN_FLIGHT_LIMIT: "Worker type {} has as many in flight as it may have",
    ReasonCode.DUE_LATER: "Postponed, or the next attempt at {} comes later",
    ReasonCode.AWAITING_SWEEP: "A manager dispatches them to {} with its next sweep",
    ReasonCode.AWAITING_WORKER: "In the queue of worker type {}",
    ReasonCode.WORKER_SILENT: "They run on instances of {} that are silent",
    ReasonCode.UP_TO_OPERATOR: "Ended in {}: kept until an operator retries or deletes them",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupedReason:
    """One reason, and how many requests it holds."""

    code: ReasonCode
    #: The worker type, content type or status that the reason is about.
    subject: str
    #: As far as they were looked at.
    requests: int
    oldest: datetime

    @property
    def text(self) -> str:
        """The reason for people."""
        return _TEXTS[self.code].format(self.subject or "''")


def grouped_reasons(
    *, groups: Iterable[Group], live: Collection[str], pauses: Pauses, inactive: Collection[int]
) -> list[GroupedReason]:
    """Return why requests wait, each reason once, those that hold most first.

    Args:
        groups: what does not move.
        live: worker types that somebody serves.
        pauses: what is paused.
        inactive: keys of tenants that are not active.
    """
    found: dict[tuple[ReasonCode, str], GroupedReason] = {}
    for group in groups:
        code, subject = _reason(group, live, pauses, inactive)
        known = found.get((code, subject))
        found[code, subject] = GroupedReason(
            code=code,
            subject=subject,
            requests=group.requests + (known.requests if known else 0),
            oldest=min(group.oldest, known.oldest) if known else group.oldest,
        )
    return sorted(found.values(), key=lambda reason: (-reason.requests, reason.code, reason.subject))


def _reason(
    group: Group, live: Collection[str], pauses: Pauses, inactive: Collection[int]
) -> tuple[ReasonCode, str]:
    if group.stand in _OF_OPERATORS:
        return ReasonCode.UP_TO_OPERATOR, group.stand.value
    if group.stand is Stand.SILENT:
        return ReasonCode.WORKER_SILENT, group.worker_type or ""
    if group.stand in _TO_GO:
        return _obstacle(group, live, pauses, inactive)
    served = group.worker_type in live
    return ReasonCode.AWAITING_WORKER if served else ReasonCode.NO_LIVE_WORKER, group.worker_type or ""


def _obstacle(
    group: Group, live: Collection[str], pauses: Pauses, inactive: Collection[int]
) -> tuple[ReasonCode, str]:
    if group.tenant_id in inactive:
        return ReasonCode.TENANT_INACTIVE, ""
    if group.worker_type is None:
        return ReasonCode.NO_CONFIGURATION, group.content_type
    if group.stand is Stand.LATER:
        return ReasonCode.DUE_LATER, group.worker_type
    return _of_fleet(group, group.worker_type, live, pauses)


def _of_fleet(
    group: Group, worker_type: str, live: Collection[str], pauses: Pauses
) -> tuple[ReasonCode, str]:
    if pauses.stop(tenant_id=group.tenant_id, worker_type=worker_type, content_type=""):
        return ReasonCode.TYPE_PAUSED, worker_type
    if pauses.stop(tenant_id=group.tenant_id, worker_type="", content_type=group.content_type):
        return ReasonCode.CONTENT_TYPE_PAUSED, group.content_type
    if worker_type not in live:
        return ReasonCode.NO_LIVE_WORKER, worker_type
    waits = ReasonCode.IN_FLIGHT_LIMIT if group.stand is Stand.HELD else ReasonCode.AWAITING_SWEEP
    return waits, worker_type
