"""Whole requests per second, and the bare chain on the same servers: repetitions take turns."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bench.clients import ChainClient, Client, RequestClient, RequestFailed, Stuck, run
from bench.configuration import ONE_STEP, THREE_STEPS
from bench.options import Sizes
from bench.results import Run, Throughput
from bench.usage import ProcessTree, cpu_seconds, difference

#: Share of a repetition that is done beforehand, unmeasured.
_WARM_UP = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Contestant:
    """One kind of work, and the processes that do it."""

    name: str
    client: Client
    count: int
    trees: Sequence[ProcessTree]
    #: Called before each repetition.
    prepare: Callable[[], None] = field(default=lambda: None)


def platform(client: RequestClient, *, sizes: Sizes, trees: Sequence[ProcessTree]) -> list[Contestant]:
    """Return the platform's two contestants."""

    def choose(content_type: str) -> Callable[[], None]:
        return lambda: setattr(client, "content_type", content_type)

    kinds = (("1 step", ONE_STEP, sizes.one_step), ("3 steps", THREE_STEPS, sizes.three_steps))
    return [
        Contestant(name=name, client=client, count=count, trees=trees, prepare=choose(content_type))
        for name, content_type, count in kinds
    ]


def bare_chain(client: ChainClient, *, results: str, count: int, trees: Sequence[ProcessTree]) -> Contestant:
    """Return one of the bare chain's contestants."""
    name = "chain, results stored" if results == "stored" else "chain, no results"
    return Contestant(name=name, client=client, count=count, trees=trees)


def measure(contestants: Sequence[Contestant], *, repetitions: int) -> dict[str, Throughput]:
    """Let the contestants take turns: whatever else the machine does hits all of them."""
    runs: dict[str, list[Run]] = {contestant.name: [] for contestant in contestants}
    for contestant in contestants:
        contestant.prepare()
        _run(contestant, max(1, int(contestant.count * _WARM_UP)))
    for _ in range(repetitions):
        for contestant in contestants:
            runs[contestant.name].append(_measured(contestant))
    return {name: Throughput(runs=done) for name, done in runs.items()}


def _measured(contestant: Contestant) -> Run:
    contestant.prepare()
    before = cpu_seconds(contestant.trees)
    seconds = _run(contestant, contestant.count)
    cpu = difference(before, cpu_seconds(contestant.trees))
    return Run(count=contestant.count, seconds=seconds, cpu=cpu)


def _run(contestant: Contestant, count: int) -> float:
    try:
        return run(contestant.client, count=count)
    except (Stuck, RequestFailed) as error:
        error.add_note(f"while measuring: {contestant.name}")
        raise
