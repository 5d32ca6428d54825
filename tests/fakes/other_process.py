"""Another process of the platform: a thread with database connections of its own."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Generic, TypeVar

from django.db import connections

from regards_processing.kernel.db.transactions import transaction

T = TypeVar("T")

#: Seconds that another process gets to run into what is held: longer makes the race surer, not the result.
_HEAD_START = 0.3


class OtherProcess(Generic[T]):
    """What the other process did."""

    def __init__(self) -> None:
        #: Whether it had to wait for our commit.
        self.waited = False
        self._running: Future[T] = Future()

    def result(self) -> T:
        """Return what its action returned, or raise what it raised."""
        return self._running.result(timeout=30)

    def run(self, running: "Future[T]") -> None:
        """Give it its head start."""
        self._running = running
        time.sleep(_HEAD_START)
        self.waited = not running.done()


@contextmanager
def while_uncommitted(
    theirs: Callable[[], T], *, then: Callable[[], object] = lambda: None
) -> Iterator[OtherProcess[T]]:
    """Open a transaction; when the block ends let another process do ``theirs``, and only then commit.

    ``then`` is what we do before that, once the other process is at it.
    """
    other = OtherProcess[T]()
    with ThreadPoolExecutor(max_workers=1) as pool, transaction():
        yield other
        other.run(pool.submit(_closing, theirs))
        then()


def _closing(action: Callable[[], T]) -> T:
    try:
        return action()
    finally:
        connections.close_all()
