"""Loops in threads of their own."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Self

from regards_processing.kernel.amqp.loop import BulkLoop
from regards_processing.kernel.amqp.publisher import Publisher

log = logging.getLogger(__name__)


class SideLoops:
    """Loops that run side by side, each in a thread of its own, until it is closed."""

    def __init__(
        self,
        name: str,
        loops: Sequence[BulkLoop],
        *,
        publishers: Sequence[Publisher] = (),
        on_failure: Callable[[], None] = lambda: None,
    ) -> None:
        """Name the threads, what is given back at the end, and who hears that an error has ended a loop."""
        self._on_failure = on_failure
        self._loops = tuple(loops)
        self._publishers = tuple(publishers)
        self._stop = threading.Event()
        self._started = time.monotonic()
        self._threads = [
            threading.Thread(target=self._run, args=(loop,), name=f"{name}-{number}", daemon=True)
            for number, loop in enumerate(loops)
        ]

    def start(self) -> Self:
        """Let the loops run."""
        self._started = time.monotonic()
        for thread in self._threads:
            thread.start()
        return self

    @property
    def alive(self) -> bool:
        """Return whether all loops run."""
        return all(thread.is_alive() for thread in self._threads)

    def silent_for(self) -> float:
        """Return how long ago that loop turned that has been silent for longest, in seconds."""
        # One that is still to turn for the first time has not been silent since the machine was started.
        return min(time.monotonic() - self._started, max(loop.silent_for() for loop in self._loops))

    def leave(self) -> None:
        """Have the loops end with the bulk that is in hand."""
        self._stop.set()

    def close(self) -> None:
        """Wait until the loops have ended."""
        self.leave()
        for thread in self._threads:
            thread.join()
        for publisher in self._publishers:
            publisher.close()

    def _run(self, loop: BulkLoop) -> None:
        try:
            loop.run(self._stop)
        except Exception:
            # Whoever hears of it, or looks whether all are alive, ends the process: it is started again.
            log.exception("loop ended", extra={"action": "loop.ended"})
            self._on_failure()
