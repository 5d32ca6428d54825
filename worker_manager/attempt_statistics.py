"""What the attempts of a worker type look like, taken together. Pure; no database."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from worker_manager.trail import Attempt, Outcome

#: The worker, or what it was given, failed; the others went well, or say nothing of the worker.
_FAILED: Final = frozenset(Outcome) - {Outcome.SUCCESS, Outcome.POSTPONED, Outcome.CANCELED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Percentiles:
    """Durations in milliseconds that 50 and 95 % of the attempts did not exceed."""

    p50: int
    p95: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerStatistics:
    """The attempts of a worker type that ended in a while."""

    worker_type: str
    attempts: int
    per_minute: float
    outcomes: Mapping[str, int]
    #: From 0 to 1.
    error_share: float
    #: Of those attempts whose start of work is known.
    queue_time: Percentiles | None
    run_time: Percentiles | None


@dataclass(slots=True)
class _Tally:
    outcomes: Counter[str] = field(default_factory=Counter)
    queue_times: list[int] = field(default_factory=list)
    run_times: list[int] = field(default_factory=list)


def statistics_of(*, attempts: Iterable[Attempt], since: datetime, until: datetime) -> list[WorkerStatistics]:
    """Return what the attempts that ended in a while look like, by worker type and sorted by its name."""
    first, last = since.timestamp() * 1000, until.timestamp() * 1000
    tallies: dict[str, _Tally] = {}
    for attempt in attempts:
        if attempt.ended is not None and attempt.outcome and first <= attempt.ended <= last:
            _add(tallies.setdefault(attempt.worker_type, _Tally()), attempt, attempt.outcome)
    minutes = (until - since).total_seconds() / 60
    return [_summed(name, tally, minutes) for name, tally in sorted(tallies.items())]


def percentiles(values: Sequence[int]) -> Percentiles | None:
    """Return the percentiles of durations; nothing of none."""
    if not values:
        return None
    ordered = sorted(values)
    return Percentiles(p50=_ranked(ordered, 50), p95=_ranked(ordered, 95))


def _ranked(ordered: Sequence[int], percent: int) -> int:
    # The nearest rank: always a duration that there was.
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


def _add(tally: _Tally, attempt: Attempt, outcome: str) -> None:
    tally.outcomes[outcome] += 1
    if attempt.queue_time is not None:
        tally.queue_times.append(attempt.queue_time)
    if attempt.run_time is not None:
        tally.run_times.append(attempt.run_time)


def _summed(worker_type: str, tally: _Tally, minutes: float) -> WorkerStatistics:
    attempts = tally.outcomes.total()
    failed = sum(count for outcome, count in tally.outcomes.items() if outcome in _FAILED)
    return WorkerStatistics(
        worker_type=worker_type,
        attempts=attempts,
        per_minute=round(attempts / minutes, 3) if minutes else 0.0,
        outcomes=dict(sorted(tally.outcomes.items())),
        error_share=round(failed / attempts, 4),
        queue_time=percentiles(tally.queue_times),
        run_time=percentiles(tally.run_times),
    )
