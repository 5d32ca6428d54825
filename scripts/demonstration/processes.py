"""Processes of the platform: started in groups of their own, awaited, and stopped with all their children."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from scripts.demonstration.interruption import undisturbed

#: The checkout.
ROOT: Final = Path(__file__).resolve().parents[2]
#: Seconds that a process may take to get ready.
_BOOT: Final = 60.0
#: Seconds that it may take to end when it is asked to; what it was at is thrown away in any case.
_FAREWELL: Final = 2.0
_PR_SET_PDEATHSIG: Final = 1


class NotRunning(Exception):
    """A process died or did not get ready; the text ends with what it wrote last."""


@dataclass(slots=True, kw_only=True)
class Process:
    """One process."""

    name: str
    #: Arguments of the Python interpreter.
    arguments: Sequence[str]
    #: Beside the variables that all processes share.
    variables: Mapping[str, str] = field(default_factory=dict)
    #: Tells from its log whether it is ready for work.
    ready: Callable[[str], bool]
    log: Path = field(init=False)
    _popen: "subprocess.Popen[bytes]" = field(init=False)

    def launch(self, *, environment: Mapping[str, str], logs: Path) -> None:
        """Start the process without waiting for it."""
        self.log = logs / f"{self.name}.log"
        with self.log.open("wb") as output:
            self._popen = subprocess.Popen(  # noqa: S603 (our own processes)
                [sys.executable, *self.arguments],
                cwd=ROOT,
                env={**environment, **self.variables},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_end_with_the_demonstration,  # noqa: PLW1509 (no thread runs yet)
            )

    def is_ready(self) -> bool:
        """Return whether it is ready for work.

        Raises:
            NotRunning: it has died.
        """
        if self._popen.poll() is not None:
            raise NotRunning(f"{self.name} ended with code {self._popen.returncode}:\n{self.tail()}")
        return self.ready(self.log.read_text(errors="replace"))

    def ask_to_end(self) -> None:
        """Send SIGTERM."""
        if self._popen.poll() is None:
            self._popen.terminate()

    def end(self, *, deadline: float) -> None:
        """Wait for its end until ``deadline`` (monotonic seconds), then kill it; its children go with it."""
        try:
            self._popen.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self._popen.kill()
        kill_group(self._popen.pid)
        self._popen.wait()

    def tail(self, *, lines: int = 15) -> str:
        """Return the end of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


class Processes:
    """Processes that all end with the block."""

    def __init__(self, *, environment: Mapping[str, str], logs: Path) -> None:
        self._environment = environment
        self._logs = logs
        self._running: list[Process] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in reversed(self._running):
            process.ask_to_end()
        deadline = time.monotonic() + _FAREWELL
        for process in reversed(self._running):
            process.end(deadline=deadline)

    def start(self, processes: Sequence[Process], *, on_ready: Callable[[Process], None]) -> None:
        """Start all at once and return when the last one is ready.

        Raises:
            NotRunning: one died, or took too long.
        """
        for process in processes:
            with undisturbed():
                process.launch(environment=self._environment, logs=self._logs)
                self._running.append(process)
        waiting, deadline = list(processes), time.monotonic() + _BOOT
        while waiting:
            for process in [each for each in waiting if each.is_ready()]:
                waiting.remove(process)
                on_ready(process)
            if time.monotonic() > deadline:
                first = waiting[0]
                raise NotRunning(f"{first.name} is not ready after {_BOOT:g} s:\n{first.tail()}")
            time.sleep(0.05)

    def check(self) -> None:
        """Make sure that all are alive.

        Raises:
            NotRunning: one has died.
        """
        for process in self._running:
            process.is_ready()


def run(command: Sequence[str], *, environment: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
    """Run a command to its end in a group of its own; when we are interrupted, all of the group goes."""
    started: list[subprocess.Popen[str]] = []
    try:
        with undisturbed():
            started.append(_spawn(command, environment))
        output, errors = started[0].communicate()
    except BaseException:
        for process in started:
            kill_group(process.pid)
            process.wait()
        raise
    return subprocess.CompletedProcess(command, started[0].returncode, output, errors)


def _spawn(command: Sequence[str], environment: Mapping[str, str]) -> "subprocess.Popen[str]":
    return subprocess.Popen(  # noqa: S603 (our own commands)
        command,
        cwd=ROOT,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def kill_group(group: int) -> None:
    """Kill what is left of a process group."""
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return


def _end_with_the_demonstration() -> None:
    """Ask the kernel (Linux) to end this process when the demonstration is killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
