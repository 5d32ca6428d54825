"""How the executions of processes went, taken together. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from regards_processing.processing.states import ExecutionStatus
from worker_manager.attempt_statistics import Percentiles, percentiles


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedExecution:
    """What statistics look at of an execution that ended. Durations in milliseconds, sizes in bytes."""

    process_id: UUID
    process_name: str
    status: str
    run_duration: int | None
    expected_duration: int
    output_size: int | None
    expected_size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessStatistics:
    """The executions of a process: those that have not ended, and those that ended in a while."""

    process_id: UUID
    process_name: str
    open_ones: Mapping[str, int]
    #: Among the open ones: those that wait for a place.
    held: int
    ended: Mapping[str, int]
    #: Of those that succeeded: what they took, what was said, and the mean of the one by the other.
    run_time: Percentiles | None
    expected_time: Percentiles | None
    duration_ratio: float | None
    size_ratio: float | None


@dataclass(slots=True)
class _Tally:
    name: str = ""
    ended: Counter[str] = field(default_factory=Counter)
    run_times: list[int] = field(default_factory=list)
    expected_times: list[int] = field(default_factory=list)
    duration_ratios: list[float] = field(default_factory=list)
    size_ratios: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCount:
    """How many executions of a process are open in one status."""

    process_id: UUID
    process_name: str
    status: str
    held: bool
    count: int


def statistics_of(
    *, open_ones: Sequence[OpenCount], ended: Iterable[EndedExecution]
) -> list[ProcessStatistics]:
    """Return what the executions of each process come to, by its name; ended ones come newest first."""
    tallies: dict[UUID, _Tally] = {}
    for execution in ended:
        _add(tallies.setdefault(execution.process_id, _Tally(name=execution.process_name)), execution)
    for count in open_ones:
        tallies.setdefault(count.process_id, _Tally(name=count.process_name))
    found = [_summed(process_id, tally, open_ones) for process_id, tally in tallies.items()]
    return sorted(found, key=lambda one: (one.process_name, one.process_id))


def _add(tally: _Tally, execution: EndedExecution) -> None:
    tally.ended[execution.status] += 1
    if execution.status != ExecutionStatus.SUCCESS:
        return
    if execution.run_duration is not None:
        tally.run_times.append(execution.run_duration)
        tally.expected_times.append(execution.expected_duration)
        if execution.expected_duration:
            tally.duration_ratios.append(execution.run_duration / execution.expected_duration)
    if execution.output_size is not None and execution.expected_size:
        tally.size_ratios.append(execution.output_size / execution.expected_size)


def _summed(process_id: UUID, tally: _Tally, open_ones: Sequence[OpenCount]) -> ProcessStatistics:
    own = [count for count in open_ones if count.process_id == process_id]
    statuses: Counter[str] = Counter()
    for count in own:
        statuses[count.status] += count.count
    return ProcessStatistics(
        process_id=process_id,
        process_name=tally.name,
        open_ones=dict(sorted(statuses.items())),
        held=sum(count.count for count in own if count.held),
        ended=dict(sorted(tally.ended.items())),
        run_time=percentiles(tally.run_times),
        expected_time=percentiles(tally.expected_times),
        duration_ratio=_mean(tally.duration_ratios),
        size_ratio=_mean(tally.size_ratios),
    )


def _mean(values: Sequence[float]) -> float | None:
    return round(sum(values) / len(values), 3) if values else None
