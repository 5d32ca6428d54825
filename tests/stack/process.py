"""A real process under test: started, awaited, killed, and its log kept."""

import ctypes
import os
import re
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_PR_SET_PDEATHSIG = 1


class NotReady(Exception):
    """A process died, or did not get ready in time."""


@dataclass(slots=True, kw_only=True)
class ManagedProcess:
    """One process of the platform; it can be started again after it ended."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    #: What the process writes when it is ready for work.
    ready: str
    _popen: "subprocess.Popen[bytes] | None" = None
    _log_start: int = field(default=0)

    @property
    def pid(self) -> int:
        """Return the main process's id."""
        return self._started().pid

    @property
    def running(self) -> bool:
        """Say whether the main process lives."""
        return self._popen is not None and self._popen.poll() is None

    def start(self, *, timeout: float = 60.0) -> None:
        """Start the process and wait until it is ready.

        Raises:
            NotReady: it died, or took longer than ``timeout`` seconds; the message holds the end of its log.
        """
        self.launch()
        self.wait_ready(timeout=timeout)

    def launch(self) -> None:
        """Start the process without waiting."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as output:
            self._log_start = output.tell()
            self._popen = subprocess.Popen(
                self.command,
                cwd=ROOT,
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_die_with_the_tests,  # noqa: PLW1509 (no thread is running when tests start processes)
            )

    def wait_ready(self, *, timeout: float = 60.0) -> None:
        """Wait until this start of the process says that it is ready."""
        deadline = time.monotonic() + timeout
        while not re.search(self.ready, self.output()):
            if not self.running:
                raise NotReady(f"{self.name} ended with code {self._started().returncode}:\n{self.tail()}")
            if time.monotonic() > deadline:
                raise NotReady(f"{self.name} is not ready after {timeout:g} s:\n{self.tail()}")
            time.sleep(0.05)

    def kill(self) -> None:
        """Kill the main process, as ``kill -9`` does; its children are not touched."""
        self._started().kill()
        self._started().wait()

    def terminate(self, *, timeout: float = 60.0) -> int:
        """Ask the process to end and return its exit code.

        Raises:
            subprocess.TimeoutExpired: it did not end within ``timeout`` seconds; its last lines are attached.
        """
        self._started().terminate()
        try:
            return self._started().wait(timeout)
        except subprocess.TimeoutExpired as error:
            error.add_note(f"{self.name} was asked to end:\n{self.tail()}")
            raise

    def restart(self) -> None:
        """End the process in order, start it again and wait until it is ready."""
        self.terminate()
        self.start()

    def clean_up(self) -> None:
        """Leave nothing of the process behind, children included."""
        if self.running:
            self._started().terminate()
            try:
                self._started().wait(10)
            except subprocess.TimeoutExpired:
                self._started().kill()
        if self._popen is not None:
            _kill_group(self._popen.pid)
            self._popen.wait()

    def output(self) -> str:
        """Return what the process wrote since its last start."""
        with self.log.open("rb") as written:
            written.seek(self._log_start)
            return written.read().decode(errors="replace")

    def tail(self, *, lines: int = 40) -> str:
        """Return the end of the log."""
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])

    def _started(self) -> "subprocess.Popen[bytes]":
        if self._popen is None:
            raise NotReady(f"{self.name} was never started")
        return self._popen


def _kill_group(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return


def _die_with_the_tests() -> None:
    """Ask the kernel (Linux) to end this process when the test run is killed; elsewhere clean-up must do."""
    if hasattr(signal, "SIGRTMIN"):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
