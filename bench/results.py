"""What was measured, and how the goals follow from it. Pure."""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Self

#: The largest growth of a manager's peak memory that counts as flat.
_FLAT: Final = 1.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One repetition: so many pieces of work, all done."""

    count: int
    seconds: float
    #: Processor seconds by process, its children included.
    cpu: Mapping[str, float]

    @property
    def per_second(self) -> float:
        """Finished per second."""
        return self.count / self.seconds

    @property
    def cpu_ms(self) -> float:
        """Milliseconds of processor time for each, over all processes."""
        return 1000 * sum(self.cpu.values()) / self.count


@dataclass(frozen=True, slots=True, kw_only=True)
class Throughput:
    """The repetitions of one kind of work."""

    runs: Sequence[Run]

    @property
    def per_second(self) -> float:
        """Median."""
        return statistics.median(run.per_second for run in self.runs)

    @property
    def cpu_ms(self) -> float:
        """Median."""
        return statistics.median(run.cpu_ms for run in self.runs)

    def cpu_ms_by_process(self) -> dict[str, float]:
        """Median of each process's share."""
        names = dict.fromkeys(name for run in self.runs for name in run.cpu)
        return {
            name: statistics.median(1000 * run.cpu.get(name, 0.0) / run.count for run in self.runs)
            for name in names
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """Times of lone requests, in milliseconds."""

    count: int
    p50: float
    p95: float

    @classmethod
    def of(cls, seconds: Iterable[float]) -> Self:
        """Summarise at least two times."""
        values = [1000 * value for value in seconds]
        return cls(
            count=len(values),
            p50=statistics.median(values),
            p95=statistics.quantiles(values, n=100, method="inclusive")[94],
        )


@dataclass(slots=True, kw_only=True)
class Results:
    """Everything that one run measured; what was not is absent."""

    #: Requests per second by repetition: all waiting before the manager starts, and arriving while it runs.
    reception_backlog: list[float] = field(default_factory=list)
    reception_stream: list[float] = field(default_factory=list)
    #: By kind of work: see `stages.throughput`.
    throughput: dict[str, Throughput] = field(default_factory=dict)
    latency: dict[str, Latency] = field(default_factory=dict)
    #: Peak bytes of the largest process of each tree.
    peak_memory: dict[str, int] = field(default_factory=dict)
    #: Peak bytes of one manager, by the number of requests it has handled.
    manager_memory: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """A figure to reach, and what was reached."""

    name: str
    reached: float
    target: float
    #: The target is a minimum; otherwise a maximum.
    at_least: bool

    @property
    def met(self) -> bool:
        """Tell whether it was reached."""
        return self.reached >= self.target if self.at_least else self.reached <= self.target


def goals(results: Results) -> list[Goal]:
    """Compare with the figures to reach; medians, and ratios within the run."""
    three = results.throughput["3 steps"]
    stored, bare = results.throughput["chain, results stored"], results.throughput["chain, no results"]
    lone = results.latency["3 steps"]
    early, late = (results.manager_memory[count] for count in sorted(results.manager_memory))
    return [
        _least("reception, waiting requests/s", statistics.median(results.reception_backlog), 2000),
        _least("reception, arriving requests/s", statistics.median(results.reception_stream), 2000),
        _least("3 steps / bare chain with stored results", three.per_second / stored.per_second, 5.0),
        _least("3 steps / bare chain without results", three.per_second / bare.per_second, 1.2),
        _most("3 steps, CPU ms per request", three.cpu_ms, 5.0),
        _most("3 steps, lone request p50 ms", lone.p50, 25.0),
        _most("3 steps, lone request p95 ms", lone.p95, 60.0),
        _most("manager's peak memory, late / early", late / early, _FLAT),
    ]


def _least(name: str, reached: float, target: float) -> Goal:
    return Goal(name=name, reached=reached, target=target, at_least=True)


def _most(name: str, reached: float, target: float) -> Goal:
    return Goal(name=name, reached=reached, target=target, at_least=False)
