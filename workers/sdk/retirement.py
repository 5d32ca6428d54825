"""Ends a process that has worked, or grown, enough, so that a fresh one takes its place.

A prefork pool replaces its children one by one. A solo or threads pool is the process itself: it stops in
order, and whoever started it starts it again.
"""

import logging
import os
from collections.abc import Callable
from typing import Final

from workers.observability.memory import resident_bytes

#: Code of a process that wants to be started again: `EX_TEMPFAIL`, which nothing else ends with.
EXIT_CODE: Final = os.EX_TEMPFAIL

_log: Final = logging.getLogger(__name__)


class Retirement:
    """The limits of one process; called from whatever thread begins or ends a request."""

    def __init__(
        self,
        *,
        most_tasks: int,
        most_bytes: int,
        stop: Callable[[int], None],
        resident: Callable[[int], int | None] = resident_bytes,
    ) -> None:
        """Stop the process after so many calls, or when it holds more than so many bytes; 0: no limit.

        Args:
            stop: has the process stop in order, and end with a code.
            resident: tells the memory of a process.
        """
        self._most_tasks = most_tasks
        self._most_bytes = most_bytes
        self._stop = stop
        self._resident = resident
        self._begun = 0
        self._over = False

    def begun(self) -> None:
        """Count a call; after the last one the process takes no more."""
        self._begun += 1
        if self._most_tasks and self._begun >= self._most_tasks:
            self._retire(f"it has begun {self._begun} calls, of {self._most_tasks}")

    def ended(self) -> None:
        """Look at the memory that work has left behind."""
        if self._most_bytes and not self._over:
            held = self._resident(os.getpid()) or 0
            if held > self._most_bytes:
                self._retire(f"it holds {held} bytes, of {self._most_bytes}")

    def _retire(self, reason: str) -> None:
        if not self._over:
            self._over = True
            _log.warning("process stops to be replaced: %s", reason, extra={"action": "worker.retired"})
            self._stop(EXIT_CODE)
