"""The processes that are measured: a manager, fleets, and the workers of the bare chain."""

import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Self

from bench.broker import Broker
from bench.chain import names as chain
from bench.configuration import document
from bench.noop import STEPS
from bench.options import FLEET_PROCESSES, FleetShape
from bench.place import Place
from bench.usage import ProcessTree
from regards_processing.kernel.amqp import topology
from tests.stack.process import ROOT, ManagedProcess
from workers.contract import names

#: Where jobs and sweeps wait (`settings.CELERY_TASK_DEFAULT_QUEUE`).
JOBS_QUEUE: Final = "regards.jobs"
#: Seconds that a process may take to start.
_START_TIMEOUT: Final = 90.0
_POLL: Final = 0.05


class NotReady(Exception):
    """Something did not happen in time; the message holds the ends of the logs."""


class CommandFailed(Exception):
    """A command of the platform failed."""


class Processes:
    """Starts processes at a place and ends all of them when its block is left."""

    def __init__(self, place: Place, broker: Broker, shape: FleetShape) -> None:
        self.place = place
        self.broker = broker
        self._shape = shape
        self._started: list[ManagedProcess] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        for process in reversed(self._started):
            process.clean_up()

    def prepare(self, *, configuration: str | None = None, tenants: Sequence[str] = ("default",)) -> None:
        """Create tables, tenants and their configuration: a file's text, or that of most benchmarks."""
        self.manage("migrate", "--skip-checks", "--verbosity", "0")
        for tenant in tenants:
            self.manage("create_tenant", tenant)
            self.manage("import_configuration", "-", "--tenant", tenant, stdin=configuration or document())

    def start_manager(self) -> ManagedProcess:
        """Start a manager and return while it is still starting."""
        return self._start("manager", ["manage.py", "consume"])

    def await_manager(self, *, count: int = 1) -> None:
        """Wait until so many managers consume."""
        self.wait_until(
            lambda: self.broker.state(topology.REQUEST_QUEUE).consumers >= count,
            f"{count} managers that consume",
        )

    def start_web(self, *, port: int) -> None:
        """Start a web server of one process and return while it is still starting."""
        address = f"127.0.0.1:{port}"
        self._start(
            "web", ["-m", "gunicorn", "regards_processing.wsgi", "--no-control-socket", "--bind", address]
        )

    def start_jobs(self, extra: Mapping[str, str], *, include: str) -> ManagedProcess:
        """Start a jobs worker that loads one more module, and wait until it consumes."""
        options = ["-P", "solo", "-c", "1", "-l", "WARNING", "-n", "jobs@%h", "-I", include]
        process = self._start("jobs", ["-m", "celery", "-A", "regards_processing", "worker", *options], extra)
        self.wait_until(lambda: self.broker.state(JOBS_QUEUE).consumers >= 1, "a jobs worker")
        return process

    def start_fleets(
        self, types: Sequence[str] = STEPS, *, prefetch: int | None = None, modules: str | None = None
    ) -> list[ProcessTree]:
        """Start the fleet processes and wait until they consume.

        Args:
            types: what they serve.
            prefetch: goes before the shape's.
            modules: where the types are, but for those that do nothing.
        """
        given = {"WORKER_PREFETCH": prefetch, "WORKER_MODULES": modules}
        extra = {name: str(value) for name, value in given.items() if value is not None}
        started = [
            self._start_worker(f"fleet-{number}", ["workers", "worker", "--types", ",".join(types)], extra)
            for number in range(1, FLEET_PROCESSES + 1)
        ]
        self._await_consumers([names.task_queue(name) for name in types])
        return started

    def start_chain_workers(self, results: str) -> list[ProcessTree]:
        """Start the workers of the bare chain and wait until they consume."""
        queues = [chain.queue(step, results) for step in chain.STEPS]
        extra = {chain.RESULTS_VARIABLE: results}
        if results == "stored":
            extra["DJANGO_SETTINGS_MODULE"] = "bench.chain.database_settings"
        options = ["-Q", ",".join(queues), "--prefetch-multiplier", str(self._shape.prefetch)]
        # The fleets go without this chatter as well.
        options += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
        started = [
            self._start_worker(f"chain-{results}-{number}", ["bench.chain.app", "worker", *options], extra)
            for number in range(1, FLEET_PROCESSES + 1)
        ]
        self._await_consumers(queues)
        return started

    def start_fleet(self, name: str, worker_type: str) -> ProcessTree:
        """Start one fleet process of a type of `bench.fleets.types` and return while it is still starting."""
        extra = {"WORKER_MODULES": "bench.fleets.types"}
        return self._start_worker(name, ["workers", "worker", "--types", worker_type], extra)

    def start_chain_worker(self, name: str) -> ProcessTree:
        """Start one worker of the last step of the bare chain and return while it is still starting."""
        options = [
            "-Q",
            chain.queue(chain.STEPS[-1], "none"),
            "--prefetch-multiplier",
            str(self._shape.prefetch),
        ]
        options += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
        return self._start_worker(name, ["bench.chain.app", "worker", *options], {})

    def wait_until(
        self,
        condition: Callable[[], bool],
        what: str,
        *,
        timeout: float = _START_TIMEOUT,
        poll: float = _POLL,
    ) -> None:
        """Poll until a condition holds.

        Raises:
            NotReady: it does not after ``timeout`` seconds, or a process died.
        """
        deadline = time.monotonic() + timeout
        while not condition():
            dead = [_ended(process) for process in self._started if not process.running]
            if dead or time.monotonic() > deadline:
                tails = "\n".join(f"--- {process.name}\n{process.tail()}" for process in self._started)
                raise NotReady(f"Waited for {what}; ended: {', '.join(dead) or 'none'}\n{tails}")
            time.sleep(poll)

    def stop(self, process: ManagedProcess) -> None:
        """End one process."""
        self._started.remove(process)
        process.clean_up()

    def _start_worker(self, name: str, command: Sequence[str], extra: Mapping[str, str]) -> ProcessTree:
        app, *options = command
        shape = [
            "-P",
            self._shape.pool,
            "-c",
            str(self._shape.concurrency),
            "-l",
            "WARNING",
            "-n",
            f"{name}@%h",
        ]
        process = self._start(name, ["-m", "celery", "-A", app, *options, *shape], extra)
        return tree_of(process)

    def _start(
        self, name: str, arguments: Sequence[str], extra: Mapping[str, str] | None = None
    ) -> ManagedProcess:
        process = ManagedProcess(
            name=name,
            command=[sys.executable, *arguments],
            environment={**self.place.environment, **(extra or {})},
            log=self.place.folder / f"{name}.log",
            # At this log level nothing says that it is ready: the broker knows who consumes.
            ready="",
        )
        self._started.append(process)
        process.launch()
        return process

    def _await_consumers(self, queues: Sequence[str]) -> None:
        def all_consumed() -> bool:
            return all(self.broker.state(queue).consumers >= FLEET_PROCESSES for queue in queues)

        self.wait_until(all_consumed, f"{FLEET_PROCESSES} consumers of {', '.join(queues)}")

    def manage(self, *arguments: str, stdin: str = "") -> str:
        """Run a command of the platform, and return what it printed.

        Raises:
            CommandFailed: it failed.
        """
        done = subprocess.run(  # noqa: S603 (our own command)
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=dict(self.place.environment),
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise CommandFailed(
                f"manage.py {' '.join(arguments)} ended with {done.returncode}:\n{done.stderr}"
            )
        return done.stdout


def _ended(process: ManagedProcess) -> str:
    return f"{process.name} with code {process.terminate()}"


def tree_of(process: ManagedProcess) -> ProcessTree:
    """Return a started process as something that can be measured."""
    return ProcessTree(name=process.name, pid=process.pid)
