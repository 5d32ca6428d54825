"""What a task costs a fleet process and a bare Celery worker, in each pool; what an idle one holds."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from statistics import median
from typing import Final

import psutil

from bench.broker import Broker
from bench.chain import names as chain
from bench.fleets.client import TaskClient
from bench.fleets.types import BULK, SINGLE
from bench.options import POOLS, FleetShape
from bench.place import Place
from bench.processes import Processes
from bench.results import Goal
from bench.usage import ProcessTree
from workers.contract import names

#: Processor time of a task of ours, in those of a plain Celery task on the same pool.
GOAL_RATIO: Final = 1.25
_PLAIN, _SINGLE, _BULK = "plain Celery task", "worker type", "bulk type"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How much is measured."""

    repetitions: int
    #: Tasks of one repetition, for each pool.
    tasks: int
    #: Tasks of each kind before the first measured one.
    warm_up: int


FULL: Final = Sizes(repetitions=3, tasks=5_000, warm_up=500)
QUICK: Final = Sizes(repetitions=2, tasks=500, warm_up=100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """What was measured of one pool, by contestant."""

    #: Milliseconds of processor time of the process for each task, by repetition.
    cpu_ms: dict[str, list[float]]
    #: Bytes that the idle process holds, its children included; what they share counts once.
    idle_bytes: dict[str, int]

    def cpu(self, name: str) -> float:
        """Median."""
        return median(self.cpu_ms[name])

    def goals(self, pool: str) -> list[Goal]:
        """Compare with the figures to reach."""
        ratio = self.cpu(_SINGLE) / self.cpu(_PLAIN)
        cheaper = self.cpu(_BULK) / self.cpu(_SINGLE)
        return [
            Goal(
                name=f"{pool}: worker type / plain Celery task, CPU",
                reached=ratio,
                target=GOAL_RATIO,
                at_least=False,
            ),
            Goal(name=f"{pool}: bulk type / worker type, CPU", reached=cheaper, target=1.0, at_least=False),
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleets:
    """What was measured, by pool."""

    pools: dict[str, Pool]

    def goals(self) -> list[Goal]:
        """Compare with the figures to reach."""
        return [goal for name, pool in self.pools.items() for goal in pool.goals(name)]


def measure(*, place: Place, sizes: Sizes, shape: FleetShape, say: Callable[[str], None]) -> Fleets:
    """Measure every pool, whichever the shape names."""
    with Broker(place.broker_url) as broker:
        return Fleets(
            pools={name: _measured(place, broker, sizes, replace(shape, pool=name), say) for name in POOLS}
        )


def _measured(
    place: Place, broker: Broker, sizes: Sizes, shape: FleetShape, say: Callable[[str], None]
) -> Pool:
    """Run all contestants of a pool in turn, each with one process of its own."""
    with Processes(place, broker, shape) as processes:
        say(f"pool {shape.pool}: starting one process of each kind")
        trees = {
            _PLAIN: processes.start_chain_worker("plain"),
            _SINGLE: processes.start_fleet("single", SINGLE),
            _BULK: processes.start_fleet("bulk", BULK),
        }
        queues = [chain.queue(chain.STEPS[-1], "none"), names.task_queue(SINGLE), names.task_queue(BULK)]
        processes.wait_until(
            lambda: all(broker.state(queue).consumers for queue in queues), "a consumer of each queue"
        )
        idle = {name: _held(tree) for name, tree in trees.items()}
        with TaskClient(place.broker_url) as client:
            return Pool(cpu_ms=_turns(client, trees, sizes, say), idle_bytes=idle)


def _turns(
    client: TaskClient, trees: dict[str, ProcessTree], sizes: Sizes, say: Callable[[str], None]
) -> dict[str, list[float]]:
    work: dict[str, Callable[[int], None]] = {
        _PLAIN: lambda count: client.run_plain(count=count),
        _SINGLE: lambda count: client.run_managed(SINGLE, count=count),
        _BULK: lambda count: client.run_managed(BULK, count=count),
    }
    for run in work.values():
        run(sizes.warm_up)
    measured: dict[str, list[float]] = {name: [] for name in work}
    for repetition in range(1, sizes.repetitions + 1):
        say(f"{sizes.tasks} tasks of each kind, {repetition} of {sizes.repetitions}")
        for name, run in work.items():
            before = trees[name].cpu_seconds()
            run(sizes.tasks)
            measured[name].append(1000 * (trees[name].cpu_seconds() - before) / sizes.tasks)
    return measured


def _held(tree: ProcessTree) -> int:
    root = psutil.Process(tree.pid)
    return sum(int(process.memory_full_info().pss) for process in [root, *root.children(recursive=True)])
