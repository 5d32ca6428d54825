"""The benchmark of the core path, from reception to memory."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace

from bench.broker import Broker
from bench.clients import ChainClient, RequestClient
from bench.options import FleetShape, Sizes
from bench.place import Place
from bench.processes import Processes, tree_of
from bench.results import Results
from bench.stages import latency, memory, reception, throughput
from bench.usage import ProcessTree, postgres, rabbitmq


def measure(*, place: Place, sizes: Sizes, shape: FleetShape, say: Callable[[str], None]) -> Results:
    """Run all stages one after the other.

    Args:
        say: told what is being measured.
    """
    results = Results()
    with Broker(place.broker_url) as broker:
        with Processes(place, broker, shape) as processes:
            say("tables and configuration")
            processes.prepare()
            _reception(processes, sizes, results, say)
        with Processes(place, broker, shape) as processes:
            _whole_requests(processes, sizes, shape, results, say)
        with Processes(place, broker, shape) as processes:
            _memory(processes, sizes, results, say)
    return results


def _reception(processes: Processes, sizes: Sizes, results: Results, say: Callable[[str], None]) -> None:
    reception.announce_silent_worker(processes)
    for repetition in range(1, sizes.repetitions + 1):
        say(f"reception of {sizes.reception} requests, {repetition} of {sizes.repetitions}")
        results.reception_backlog.append(reception.measure_backlog(processes, count=sizes.reception))
        results.reception_stream.append(reception.measure_stream(processes, count=sizes.reception))
    reception.clean(processes)


def _whole_requests(
    processes: Processes, sizes: Sizes, shape: FleetShape, results: Results, say: Callable[[str], None]
) -> None:
    """Throughput and latency, with managers, its fleets and the bare chain's workers side by side."""
    url = processes.place.broker_url
    servers = [rabbitmq(url), postgres(processes.place.database_url)]
    with ExitStack() as stack:
        say("starting managers, fleets and the workers of the bare chain")
        ours = [*_managers(processes, count=shape.managers), *processes.start_fleets()]
        client = RequestClient(stack.enter_context(Broker(url)))
        contestants = throughput.platform(client, sizes=sizes, trees=[*ours, *servers])
        trees = [*ours, *servers]
        for kind, count in (("none", sizes.chain_without_results), ("stored", sizes.chain_with_results)):
            workers = processes.start_chain_workers(kind)
            chains = ChainClient(stack.enter_context(Broker(url)), results=kind)
            contestants.append(
                throughput.bare_chain(chains, results=kind, count=count, trees=[*workers, *servers])
            )
            trees += workers
        say(f"throughput: {', '.join(c.name for c in contestants)}, {sizes.repetitions} times in turn")
        results.throughput = throughput.measure(contestants, repetitions=sizes.repetitions)
        say(f"latency of {sizes.latency} lone requests of each kind")
        results.latency = latency.measure(client, count=sizes.latency)
        results.peak_memory = memory.peaks(trees)


def _managers(processes: Processes, *, count: int) -> list[ProcessTree]:
    trees = [tree_of(processes.start_manager()) for _ in range(count)]
    processes.await_manager(count=count)
    return [replace(tree, name=f"manager-{number}") for number, tree in enumerate(trees, 1)]


def _memory(processes: Processes, sizes: Sizes, results: Results, say: Callable[[str], None]) -> None:
    """A fresh manager, so that its peak is not that of another stage."""
    say(f"memory of a fresh manager after {sizes.memory[0]} and {sizes.memory[1]} requests of one step")
    manager = tree_of(processes.start_manager())
    processes.await_manager()
    processes.start_fleets()
    with Broker(processes.place.broker_url) as broker:
        client = RequestClient(broker)
        results.manager_memory = memory.measure_growth(client, manager, looks=sizes.memory)
