"""Another process of the platform: a thread with database connections of its own."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from django.db import connections

from regards_processing.kernel.db.transactions import transaction

T = TypeVar("T")

#: Seconds that another process gets to run into what is held: longer makes the race surer, not the result.
_HEAD_START = 0.3


@contextmanager
def while_uncommitted(theirs: Callable[[], T]) -> Iterator["Future[T]"]:
    """Open a transaction; when the block ends let another process do ``theirs``, and only then commit."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        with transaction():
            promise: Future[T] = Future()
            yield promise
            running = pool.submit(_closing, theirs)
            time.sleep(_HEAD_START)
        promise.set_result(running.result(timeout=30))


def _closing(action: Callable[[], T]) -> T:
    try:
        return action()
    finally:
        connections.close_all()
