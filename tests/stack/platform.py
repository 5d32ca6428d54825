"""The platform as its users run it: the processes of the Procfile, on one stack."""

import itertools
import re
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from tests.stack.process import ROOT, ManagedProcess
from tests.stack.stack import Stack

_CELERY_READY = r" ready\."


class Platform:
    """Starts processes on a stack and ends all of them when its block is left."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.processes: list[ManagedProcess] = []
        self._numbers = itertools.count(1)
        self._waits = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def manage(self, *arguments: str, stdin: str = "", timeout: float = 120.0) -> str:
        """Run a command of ``manage.py`` to its end and return what it printed on stdout.

        Raises:
            subprocess.CalledProcessError: it failed; stderr is attached.
        """
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.stack.environment(),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        if done.returncode:
            error = subprocess.CalledProcessError(done.returncode, done.args, done.stdout, done.stderr)
            error.add_note(done.stderr[-4000:])
            raise error
        return done.stdout

    def migrate(self) -> None:
        """Create the tables."""
        self.manage("migrate", "--skip-checks", "--verbosity", "0")

    def start_manager(self, *arguments: str) -> ManagedProcess:
        """Start a manager: the bulk event loop."""
        # Beside this one it may read the virtual host of the instance.
        broker = re.escape((self.stack.broker_url or "").rpartition("/")[2])
        ready = rf"consuming action=loop.started broker=\S+{broker}\s"
        return self.start("manager", ["manage.py", "consume", *arguments], ready=ready)

    def start_jobs(self) -> ManagedProcess:
        """Start the worker of operator jobs and sweeps."""
        return self._start_celery("jobs", ["regards_processing", "worker", "-c", "1", "-P", "solo"])

    def start_beat(self) -> ManagedProcess:
        """Start the clock of the sweeps."""
        return self._start_celery("beat", ["regards_processing", "beat"], ready=r"maxinterval")

    def start_fleet(
        self, types: Sequence[str], *, pool: str = "solo", concurrency: int = 1, arguments: Sequence[str] = ()
    ) -> ManagedProcess:
        """Start a fleet of one or more worker types."""
        options = ["--types", ",".join(types), "-P", pool, "-c", str(concurrency), *arguments]
        return self._start_celery("fleet", ["workers", "worker", *options])

    def start_web(self) -> tuple[ManagedProcess, str]:
        """Start the web server and return it with its address."""
        port = free_port()
        command = [
            "-m",
            "gunicorn",
            "regards_processing.wsgi",
            "-b",
            f"127.0.0.1:{port}",
            "--no-control-socket",
        ]
        return self.start("web", command, ready=r"Booting worker"), f"http://127.0.0.1:{port}"

    def start(
        self,
        name: str,
        arguments: Sequence[str],
        *,
        ready: str,
        variables: Mapping[str, str] | None = None,
    ) -> ManagedProcess:
        """Start a Python process on this stack and wait until its log matches ``ready``.

        ``variables`` are set for this process only.
        """
        return self.run(name, [sys.executable, *arguments], ready=ready, variables=variables)

    def run(
        self, name: str, command: Sequence[str], *, ready: str, variables: Mapping[str, str] | None = None
    ) -> ManagedProcess:
        """Start any process on this stack, as `start` does one of Python."""
        unique = f"{name}-{next(self._numbers)}"
        process = ManagedProcess(
            name=unique,
            command=command,
            environment=self.stack.environment() | dict(variables or {}),
            log=self.stack.var / "logs" / f"{unique}.log",
            ready=ready,
        )
        self.processes.append(process)
        process.launch()
        if self._waits:
            process.wait_ready()
        return process

    @contextmanager
    def side_by_side(self) -> Iterator[None]:
        """Let processes start at the same time; all are ready when the block is left."""
        first = len(self.processes)
        self._waits = False
        try:
            yield
        finally:
            self._waits = True
        for process in self.processes[first:]:
            process.wait_ready()

    def stop(self) -> None:
        """End every process, in reverse order of their start."""
        while self.processes:
            self.processes.pop().clean_up()

    def log_tails(self) -> list[tuple[str, str]]:
        """Return the end of each process's log, for the report of a failed test."""
        return [(f"end of the log of {process.name}", process.tail()) for process in self.processes]

    def _start_celery(self, name: str, arguments: list[str], *, ready: str = _CELERY_READY) -> ManagedProcess:
        app, command, *options = arguments
        unique = ["-n", f"{name}-{next(self._numbers)}@%h"] if command == "worker" else []
        return self.start(
            name, ["-m", "celery", "-A", app, command, *options, *unique, "-l", "INFO"], ready=ready
        )


def free_port() -> int:
    """Return a port of the loopback interface that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
