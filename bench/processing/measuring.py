"""What executions cost: many small ones, a big one, and pages and counts among very many."""

import hashlib
import json
import random
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bench.broker import Broker
from bench.options import FLEET_PROCESSES, FleetShape
from bench.place import Place
from bench.processes import Processes, tree_of
from bench.processing import configuration, orders, programs, rows
from bench.processing.options import Sizes
from bench.rest.calls import Client
from bench.rest.measuring import free_port, token
from bench.results import Latency, Run, Throughput
from bench.stages import throughput
from bench.stages.throughput import Contestant
from bench.usage import ProcessTree, postgres, rabbitmq
from regards_processing.kernel.amqp import topology

_WARM_UP: Final = 10
_PAGE: Final = 20
#: Seconds that the execution with many files may take.
_TIMEOUT: Final = 600.0
_DIRECT: Final = f"{programs.PROGRAM} by itself"

Say = Callable[[str], None]
Call = tuple[str, str, Mapping[str, Any] | None]


class WrongResult(Exception):
    """An execution did not come to what it was meant to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BigOrder:
    """One execution with very many input files."""

    files: int
    #: Size of the order's message.
    message_bytes: int
    #: From the order to the stored result.
    seconds: float
    #: Largest memory of each process, before and after.
    idle_bytes: Mapping[str, int]
    peak_bytes: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Everything that was measured."""

    throughput: Mapping[str, Throughput]
    big_order: BigOrder
    #: In milliseconds.
    calls: Mapping[str, Latency]


def measure(*, place: Place, sizes: Sizes, shape: FleetShape, say: Say) -> Measured:
    """Measure all parts, one after the other."""
    with Broker(place.broker_url) as broker, Processes(place, broker, shape) as processes:
        say("tables, processes, a manager and two fleets")
        processes.prepare()
        program = configuration.write_program(place.folder)
        processes.manage(
            "import_configuration", "-", "--service", "rs-processing", stdin=configuration.document(program)
        )
        port = free_port()
        processes.start_web(port=port)
        manager = tree_of(processes.start_manager())
        processes.await_manager()
        # Executions may be long, and are taken one by one.
        fleets = processes.start_fleets([configuration.WORKER_TYPE], prefetch=1)
        client = Client(port=port, token=token(place, role="ADMIN"), service="rs-processing")
        processes.wait_until(client.reachable, "the web server")
        bench = _Bench(place, processes, client, [manager, *fleets], sizes, shape, say)
        return Measured(throughput=bench.throughput(), big_order=bench.big_order(), calls=bench.calls())


class _Bench:
    def __init__(
        self,
        place: Place,
        processes: Processes,
        client: Client,
        trees: list[ProcessTree],
        sizes: Sizes,
        shape: FleetShape,
        say: Say,
    ) -> None:
        self._place = place
        self._processes = processes
        self._client = client
        self._trees = trees
        self._sizes = sizes
        self._at_once = FLEET_PROCESSES * shape.concurrency
        self._say = say

    def throughput(self) -> dict[str, Throughput]:
        """Let the plugins and the bare program take turns."""
        runs: dict[str, list[Run]] = {}
        with Broker(self._place.broker_url) as broker:
            contestants = self._contestants(orders.ExecutionClient(broker))
            for repetition in range(1, self._sizes.repetitions + 1):
                self._say(f"executions, {repetition} of {self._sizes.repetitions}")
                for name, measured in throughput.measure(contestants, repetitions=1).items():
                    runs.setdefault(name, []).extend(measured.runs)
                direct = programs.measure(count=self._sizes.programs, at_once=self._at_once)
                runs.setdefault(_DIRECT, []).append(direct)
        return {name: Throughput(runs=done) for name, done in runs.items()}

    def big_order(self) -> BigOrder:
        """Order one execution with very many files, and wait for its end."""
        self._say(f"one execution with {self._sizes.files} files")
        batch_id = configuration.open_batch(self._client, configuration.COUNTING)
        files = list(_files(self._place.folder / "storage" / "default" / "bench", self._sizes.files))
        body = orders.order("big", batch_id, files)
        idle = {tree.name: tree.peak_bytes() for tree in self._trees}
        started = time.perf_counter()
        with Broker(self._place.broker_url) as broker:
            broker.publish(exchange=topology.EXECUTION_REQUEST_EXCHANGE, body=body, headers=orders.headers())
        ended = (
            f"SELECT count(*) FROM processing_execution WHERE batch_id = '{batch_id}' AND deadline_at IS NULL"  # noqa: S608 (our own words)
        )
        self._processes.wait_until(
            lambda: self._place.number(ended) == 1, "the execution with many files", timeout=_TIMEOUT
        )
        seconds = time.perf_counter() - started
        self._check_count(batch_id)
        return BigOrder(
            files=len(files),
            message_bytes=len(body),
            seconds=seconds,
            idle_bytes=idle,
            peak_bytes={tree.name: tree.peak_bytes() for tree in self._trees},
        )

    def calls(self) -> dict[str, Latency]:
        """Turn pages of monitoring and count, among very many executions."""
        self._say(f"{self._sizes.rows} executions in the table")
        rows.fill(self._place, count=self._sizes.rows)
        measured = {}
        for name, calls in _kinds(self._sizes).items():
            self._say(f"{self._sizes.calls} calls: {name}")
            times = [self._client.call(*next(calls))[0] for _ in range(_WARM_UP + self._sizes.calls)]
            measured[name] = Latency.of(times[_WARM_UP:])
        self._say(f"{self._sizes.counts} readings of the measures")
        script = f"from bench.processing.counting import main; main({self._sizes.counts})"
        read = self._processes.manage("shell", "--no-imports", "-c", script)
        return measured | {"measures of Prometheus": Latency.of(json.loads(read))}

    def _contestants(self, client: orders.ExecutionClient) -> list[Contestant]:
        servers = [rabbitmq(self._place.broker_url), postgres(self._place.database_url)]
        kinds = (
            ("plugin that does nothing", configuration.USELESS, self._sizes.idle),
            (f"{programs.PROGRAM} by the shell plugin", configuration.SHELL, self._sizes.programs),
        )
        contestants = []
        for name, process_id, count in kinds:
            batch_id = configuration.open_batch(self._client, process_id)
            contestants.append(
                Contestant(
                    name=name,
                    client=client,
                    count=count,
                    trees=[*self._trees, *servers],
                    prepare=_choice(client, batch_id),
                )
            )
        return contestants

    def _check_count(self, batch_id: str) -> None:
        """See that the program had every file."""
        found = self._place.texts(
            "SELECT url FROM processing_output_file AS output "  # noqa: S608 (our own words)
            "JOIN processing_execution AS execution ON execution.id = output.execution_id "
            f"WHERE execution.batch_id = '{batch_id}'"
        )
        counted = [int(Path(url.removeprefix("file:")).read_text(encoding="ascii")) for url in found]
        if counted != [self._sizes.files]:
            raise WrongResult(f"{self._sizes.files} files were ordered, the program counted {counted}")


def _choice(client: orders.ExecutionClient, batch_id: str) -> Callable[[], None]:
    return lambda: setattr(client, "batch_id", batch_id)


def _files(folder: Path, count: int) -> Iterator[dict[str, Any]]:
    """Write small files where fleets may read, and give them as an order names them."""
    folder.mkdir(parents=True)
    for number in range(count):
        path = folder / f"{number}.raw"
        content = str(number).encode()
        path.write_bytes(content)
        yield {
            "parameterName": "",
            "localRelativePath": f"URN:AIP:DATA:default:{number:032x}:V1/{path.name}",
            "contentType": "application/octet-stream",
            "url": path.as_uri(),
            "bytes": len(content),
            "checksum": hashlib.md5(content, usedforsecurity=False).hexdigest(),
            "fileName": path.name,
            "metadata": {"internal": "false", "featureId": f"URN:AIP:DATA:default:{number:032x}:V1"},
            "inputCorrelationId": f"file:/order-1_dsSel-1_subOrder-1/{number:032x}/{path.name}",
        }


def _kinds(sizes: Sizes) -> dict[str, Iterator[Call]]:
    # The same calls in every run.
    chance = random.Random(1)  # noqa: S311 (no secret)
    anywhere, beginning = sizes.rows // _PAGE - 1, 50
    process = {"processBusinessId": str(configuration.SHELL)}
    running = {"status": {"values": ["RUNNING"], "mode": "INCLUDE"}}
    user = {"userEmail": {"values": ["user-7@example.org"], "mode": "INCLUDE"}}
    return {
        "page of 20, newest first": _each(lambda: _search({}, chance.randint(0, beginning))),
        "page of 20 that run": _each(lambda: _search(running, 0)),
        "page of 20 of a process": _each(lambda: _search(process, chance.randint(0, beginning))),
        "page of 20 of a user": _each(lambda: _search(user, chance.randint(0, beginning))),
        "page of 20, anywhere": _each(lambda: _search({}, chance.randint(0, anywhere))),
        "processes, with those in use": _each(lambda: ("GET", "/processplugins/config", None)),
    }


def _each(make: Callable[[], Call]) -> Iterator[Call]:
    while True:
        yield make()


def _search(body: Mapping[str, Any], page: int) -> Call:
    return "POST", f"/monitoring/executions?tenant=default&page={page}&size={_PAGE}", body
