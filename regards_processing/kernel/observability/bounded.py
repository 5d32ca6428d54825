"""Run what may hang, and wait no longer than one can afford."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from datetime import datetime
from typing import Generic, TypeVar

from django.db import connection, connections

from regards_processing.kernel.tenancy import visibility

T = TypeVar("T")


class Bounded(Generic[T]):
    """A function of the time that runs in a thread of its own, one run at a time, and sees every tenant.

    Whoever asks while it runs gets the result of that run: callers do not pile up behind a broker or a
    database that does not answer, and a run that hangs costs one thread, not one per caller.
    """

    def __init__(self, function: Callable[[datetime], T]) -> None:
        self._function = function
        self._lock = threading.Lock()
        self._running: Future[T] | None = None
        self._begun_at = 0.0
        self._ended_at: float | None = None

    def begin(self, at: datetime) -> "Future[T]":
        """Start a run, or join the one that is under way."""
        with self._lock:
            if self._running is None or self._running.done():
                self._running = Future()
                self._begun_at, self._ended_at = time.monotonic(), None
                threading.Thread(target=self._run, args=(self._running, at), daemon=True).start()
            return self._running

    def took(self) -> float:
        """Return how long the last run took, or has taken so far, in seconds."""
        return (self._ended_at or time.monotonic()) - self._begun_at

    def _run(self, future: "Future[T]", at: datetime) -> None:
        try:
            with visibility.seeing_every_tenant():
                result = self._function(at)
        except Exception as error:  # noqa: BLE001 (it is raised again where the result is asked for)
            self._ended_at = time.monotonic()
            future.set_exception(error)
        else:
            self._ended_at = time.monotonic()
            future.set_result(result)
        finally:
            # The thread ends here, and its connections with it.
            connections.close_all()


def limit_statements(*, seconds: float) -> None:
    """Let PostgreSQL end statements of this thread's connection that take longer: nobody waits for them."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, false)", [str(int(seconds * 1000))])
