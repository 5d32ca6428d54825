"""How requests count in the step that we are of their session: contract 8, as data and pure functions."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Self

from regards_processing.kernel.amqp import topology
from worker_manager.states import RequestStatus


class CounterState(StrEnum):
    """What a counter says of the step."""

    INFO = "INFO"
    WAITING = "WAITING"
    RUNNING = "RUNNING"
    ERROR = "ERROR"
    SUCCESS = "SUCCESS"


#: Name of our step in every session.
STEP_ID: Final = "workers"
#: Counts every request that was taken in.
TOTAL: Final = f"{STEP_ID}.requests"
_S = RequestStatus
#: What counters that mean the same are summed up in.
SUMS: Final = ("input_related", "output_related", "errors", "waiting", "running")
#: Counters of a status, whatever the worker type.
_OF_ALL: Final[Mapping[str, tuple[str, CounterState]]] = {
    _S.NO_WORKER_AVAILABLE: ("no_worker_available", CounterState.WAITING),
}
#: Counters of a status, one for each worker type; requests that were never dispatched are in none.
_OF_TYPE: Final[Mapping[str, tuple[str, CounterState]]] = {
    _S.DISPATCHED: ("dispatched", CounterState.RUNNING),
    _S.RUNNING: ("running", CounterState.RUNNING),
    _S.ERROR: ("error", CounterState.ERROR),
    _S.INVALID_CONTENT: ("invalid", CounterState.ERROR),
    _S.SUCCESS: ("done", CounterState.SUCCESS),
    _S.TO_DISPATCH: ("retry", CounterState.INFO),
    _S.TO_DELETE: ("deletion", CounterState.INFO),
}

#: Tenant, source and session.
SessionKey = tuple[int, str, str]
#: Status and worker type of a request, by which it counts; none before it came, and after an operator
#: deleted or cancelled it.
Place = tuple[str, str | None] | None
Move = tuple[SessionKey, Place, Place]


@dataclass(slots=True)
class Change:
    """By how much the step of a session changes, or how much there is."""

    #: By name of the counter.
    properties: Counter[str] = field(default_factory=Counter)
    input_related: int = 0
    output_related: int = 0
    errors: int = 0
    waiting: int = 0
    running: int = 0

    def add(
        self, name: str, by: int, *, state: CounterState, is_input: bool = False, is_output: bool = False
    ) -> None:
        """Change one counter, and the sums that it is part of."""
        self.properties[name] += by
        self.input_related += by * is_input
        self.output_related += by * is_output
        self.errors += by * (state is CounterState.ERROR)
        self.waiting += by * (state is CounterState.WAITING)
        self.running += by * (state is CounterState.RUNNING)

    def add_all(self, other: "Change", *, times: int = 1) -> Self:
        """Change whatever another one changes, so many times."""
        for name, by in other.properties.items():
            self.properties[name] += times * by
        for name in SUMS:
            setattr(self, name, getattr(self, name) + times * getattr(other, name))
        return self

    def net(self) -> Self:
        """Return it without the counters that stay as they are."""
        self.properties = Counter({name: by for name, by in self.properties.items() if by})
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A change of one counter, as a manager of the reference tells it."""

    name: str
    by: int
    state: CounterState
    is_input: bool = False
    is_output: bool = False


def net_reports(reports: Iterable[tuple[SessionKey, Report]]) -> dict[SessionKey, Change]:
    """Return what reports change in each session, sorted; without what evens out."""
    changes: dict[SessionKey, Change] = {}
    for key, report in reports:
        changes.setdefault(key, Change()).add(
            report.name,
            report.by,
            state=report.state,
            is_input=report.is_input,
            is_output=report.is_output,
        )
    return _net(changes)


def is_counted(*, source: str) -> bool:
    """Say whether requests of a source belong to sessions."""
    return source != topology.PROCESSING_OWNER


def net_changes(moves: Iterable[Move] | Mapping[Move, int]) -> dict[SessionKey, Change]:
    """Return what the moves of requests change in each session, sorted; without what evens out.

    Each request counts once in the total, and each move is applied once, or as often as it is counted. Those
    of executions count in no session: whoever ordered these hears of each, and nobody deletes batches.
    """
    changes: dict[SessionKey, Change] = {}
    # Of the moves of a bulk few are different.
    for (key, before, after), times in Counter(moves).items():
        if not is_counted(source=key[1]):
            continue
        change = changes.setdefault(key, Change())
        _count(change, before, -times)
        _count(change, after, times)
        total = times * ((before is None) - (after is None))
        change.add(TOTAL, total, state=CounterState.INFO, is_input=True)
    return _net(changes)


def _net(changes: Mapping[SessionKey, Change]) -> dict[SessionKey, Change]:
    return {key: changes[key] for key in sorted(changes) if changes[key].net().properties}


def _count(change: Change, place: Place, by: int) -> None:
    if place is None:
        return
    status, worker_type = place
    if status in _OF_ALL:
        name, state = _OF_ALL[status]
        change.add(f"{STEP_ID}.{name}", by, state=state)
    elif status in _OF_TYPE and worker_type is not None:
        name, state = _OF_TYPE[status]
        change.add(f"{STEP_ID}.{worker_type}.{name}", by, state=state, is_output=status == _S.SUCCESS)
