"""A real worker process, and the broker that it shares with the test."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self, TypeVar

from kombu import Connection

from workers.transport import rabbitmq
from workers.transport.embedded import EmbeddedTransport, transport_options

_ROOT = Path(__file__).parents[3]
T = TypeVar("T")
#: Seconds: Celery pauses for 2, 4, 6 and more of them between its attempts to connect again.
_PATIENCE: Final = 60.0


@dataclass(frozen=True, kw_only=True)
class Broker:
    """Where both sides meet; without a URL it is the embedded broker."""

    url: str | None
    var: Path

    def connect(self) -> Connection:
        """Return a new connection."""
        if self.url:
            return Connection(self.url, transport_options=rabbitmq.transport_options())
        options = transport_options(self.var / "broker")
        return Connection("filesystem://", transport=EmbeddedTransport, transport_options=options)

    def environment(self) -> dict[str, str]:
        """Return the variables of a process that uses this broker."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("WORKER_")}
        return inherited | {"BROKER_URL": self.url or "", "REGARDS_VAR": str(self.var)}


class Fleet:
    """One ``celery -A workers worker``."""

    def __init__(
        self,
        *,
        broker: Broker,
        types: Sequence[str],
        pool: Sequence[str] = ("solo",),
        launcher: Sequence[str] = ("-m", "celery"),
        **variables: str,
    ) -> None:
        broker.var.mkdir(parents=True, exist_ok=True)
        self.log = broker.var / f"worker-{time.monotonic_ns()}.log"
        environment = broker.environment() | {
            "WORKER_MODULES": "tests.integration.workers.sample_types",
            "WORKER_HEARTBEAT_SECONDS": "0.3",
        }
        command = [sys.executable, *launcher, "-A", "workers", "worker", "--types", ",".join(types)]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*command, "--pool", *pool],
                cwd=_ROOT,
                env=environment | variables,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def wait_until_ready(self) -> Self:
        """Wait until the worker consumes."""
        try:
            wait_for(lambda: " ready." in self.log.read_text() or self.process.poll() is not None)
        except AssertionError:
            # Nobody else will end it.
            self.stop(signal.SIGKILL)
            raise
        assert self.process.poll() is None, self.log.read_text()
        return self

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and return the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(timeout=30)

    def __enter__(self) -> Self:
        return self.wait_until_ready()

    def __exit__(self, *_error: object) -> None:
        try:
            self.stop()
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise


def wait_for(condition: Callable[[], T | None], *, timeout: float = _PATIENCE) -> T:
    """Return the condition's first true value; fail after ``timeout`` seconds."""
    until = time.monotonic() + timeout
    while not (value := condition()):
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.02)
    return value
