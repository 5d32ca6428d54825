"""What became of each dispatch of a request, noted as it happens. Pure; no database.

A trail is text, one event a line, so that an event is appended without reading those before:

- ``["D", step, attempt, worker type, time]``: dispatched; in a later round of a loop also the rounds before;
- ``["R", attempt, time, instance]``: its worker said that it runs;
- ``["E", attempt, time, outcome, message, run time, instance]``: ended;
- ``["X", step, attempts]``: so many attempts of the step were left out.

Times are milliseconds, since 1970 where they are moments.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final, Self

#: Longest message of an attempt that is kept.
MESSAGE_LENGTH: Final = 200
_DISPATCH: Final = '["D",'
_OPEN: Final = (_DISPATCH, '["R",')
#: Entries of a dispatch that is in no later round.
_PLAIN_DISPATCH: Final = 5
_EPOCH: Final = datetime.fromtimestamp(0, UTC)
_encoded: Final = json.JSONEncoder(separators=(",", ":")).encode
_Event = Sequence[Any]


class Outcome(StrEnum):
    """How an attempt ended."""

    SUCCESS = "SUCCESS"
    ERROR = "ERROR"
    INVALID_CONTENT = "INVALID_CONTENT"
    #: The worker, or the process that ran the work, died.
    LOST = "LOST"
    #: Nobody took it in time.
    QUEUE_TIMEOUT = "QUEUE_TIMEOUT"
    #: The worker gave no sign in time.
    RUN_TIMEOUT = "RUN_TIMEOUT"
    #: The worker asked for a new attempt later.
    POSTPONED = "POSTPONED"
    #: The message came back dead.
    DEAD_LETTER = "DEAD_LETTER"
    #: An operator wanted no answer any more.
    CANCELED = "CANCELED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How an attempt ended, as far as it is known."""

    outcome: Outcome
    message: str | None = None
    #: How long the worker says it worked.
    run_seconds: float | None = None
    worker_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One dispatch of a step; moments are milliseconds since 1970."""

    step: int
    attempt: int
    worker_type: str
    dispatched: int
    #: When the worker began: as it said itself, or by how long it says it worked.
    started: int | None = None
    ended: int | None = None
    worker_id: str | None = None
    outcome: str | None = None
    message: str | None = None
    run_time: int | None = None
    #: Rounds of the loop that the step is in that were before.
    repeats: int = 0

    @property
    def queue_time(self) -> int | None:
        """Milliseconds from dispatch to start; what nobody took in time waited until it was given up."""
        if self.started is not None:
            return max(0, self.started - self.dispatched)
        if self.ended is not None and self.outcome == Outcome.QUEUE_TIMEOUT:
            return max(0, self.ended - self.dispatched)
        return None

    @property
    def dispatched_at(self) -> datetime:
        """When it was dispatched."""
        return _moment(self.dispatched)

    @property
    def started_at(self) -> datetime | None:
        """When its worker began, if that is known."""
        return None if self.started is None else _moment(self.started)

    @property
    def ended_at(self) -> datetime | None:
        """When it ended, if it has."""
        return None if self.ended is None else _moment(self.ended)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trail:
    """The attempts of a request that are known, oldest first."""

    attempts: tuple[Attempt, ...] = ()
    #: Attempts that were left out in the middle, by step.
    left_out: dict[int, int]

    @classmethod
    def read(cls, text: str) -> Self:
        """Read a stored trail; an attempt whose dispatch was noted by nobody is none."""
        noted: dict[int, list[_Event]] = {}
        left_out: dict[int, int] = {}
        for event in _events(text):
            if event[0] == "D":
                noted[event[2]] = [event]
            elif event[0] == "X":
                left_out[event[1]] = event[2]
            elif event[1] in noted:
                noted[event[1]].append(event)
        return cls(attempts=tuple(_attempt(*events) for events in noted.values()), left_out=left_out)


def dispatched(
    text: str, *, step: int, attempt: int, worker_type: str, at: datetime, kept: int, repeats: int = 0
) -> str:
    """Note a dispatch; of each step the first ``kept`` attempts and as many of the last are remembered."""
    if text.count(f'["D",{step},') >= 2 * kept:
        text = _shortened(text, step=step, kept=kept)
    later_round = f",{repeats}" if repeats else ""
    line = f'["D",{step},{attempt},{_encoded(worker_type)},{_milliseconds(at)}{later_round}]'
    return _appended(text, line)


def started(text: str, *, attempt: int, at: datetime, worker_id: str | None) -> str:
    """Note the first sign of life of the worker that has the last dispatch, which is open."""
    return _appended(text, f'["R",{attempt},{_milliseconds(at)},{_encoded(worker_id)}]')


def is_open(text: str) -> bool:
    """Tell whether the last dispatch has not ended."""
    return text.startswith(_OPEN, text.rfind("\n") + 1)


def ended(text: str, *, ending: Ending, at: datetime) -> tuple[str, Attempt]:
    """Note the end of the last dispatch, which is open; return it as well."""
    events = _events(text[text.rfind(_DISPATCH) :])
    number, time = events[0][2], _milliseconds(at)
    # No longer than since its dispatch, whatever a worker says.
    most = max(0, time - events[0][4])
    ran = None if ending.run_seconds is None else round(min(ending.run_seconds * 1000, most))
    message = ending.message and ending.message[:MESSAGE_LENGTH]
    event = ("E", number, time, ending.outcome.value, message, ran, ending.worker_id)
    return _appended(text, _encoded(event)), _attempt(*events, event)


def joined(text: str, other: str, *, step: int, kept: int) -> str:
    """Add attempts that all ended; of the step the first ``kept`` and as many of the last are remembered."""
    text = _appended(text, other)
    return _shortened(text, step=step, kept=kept) if text.count(f'["D",{step},') > 2 * kept else text


def _appended(text: str, line: str) -> str:
    return f"{text}\n{line}" if text else line


def _events(text: str) -> list[_Event]:
    # Texts of JSON have no line breaks of their own.
    found: list[_Event] = json.loads("[" + text.replace("\n", ",") + "]")
    return found


def _attempt(opening: _Event, *signs: _Event) -> Attempt:
    started = ended_at = worker_id = outcome = message = ran = None
    for sign in signs:
        if sign[0] == "R":
            _, _, started, worker_id = sign
        else:
            _, _, ended_at, outcome, message, ran, told = sign
            worker_id = told or worker_id
    if ran is not None:
        started = ended_at - ran
    elif started is not None and ended_at is not None:
        ran = max(0, ended_at - started)
    return Attempt(
        step=opening[1],
        attempt=opening[2],
        worker_type=opening[3],
        dispatched=opening[4],
        started=started,
        ended=ended_at,
        worker_id=worker_id,
        outcome=outcome,
        message=message,
        run_time=ran,
        repeats=opening[5] if len(opening) > _PLAIN_DISPATCH else 0,
    )


def _shortened(text: str, *, step: int, kept: int) -> str:
    """Leave out attempts in the middle of a step, so that there is room for one more at its end."""
    lines = list(zip(text.split("\n"), _events(text), strict=True))
    numbers = [event[2] for _, event in lines if event[0] == "D" and event[1] == step]
    dropped = frozenset(numbers[kept : len(numbers) - kept + 1])
    before = sum(event[2] for _, event in lines if event[0] == "X" and event[1] == step)
    remaining = [line for line, event in lines if _attempt_of(event, but_for=step) not in dropped | {None}]
    return "\n".join([f'["X",{step},{before + len(dropped)}]', *remaining])


def _attempt_of(event: _Event, *, but_for: int) -> int | None:
    """Return the attempt that an event is about; ``None`` for the note that is about to be written anew."""
    if event[0] == "X":
        return None if event[1] == but_for else 0
    return int(event[2] if event[0] == "D" else event[1])


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def _moment(milliseconds: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=milliseconds)
