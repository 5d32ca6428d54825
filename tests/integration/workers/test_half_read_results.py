"""A connection is lost while a child's result has come in part: real children, a real event loop."""

# ruff: noqa: SLF001 (Celery has no other door to its pool)

import os
import signal
import time
from collections.abc import Callable, Iterator
from inspect import isgenerator
from select import select
from types import SimpleNamespace
from typing import Any

import pytest
from celery.concurrency.asynpool import AsynPool
from kombu.asynchronous.hub import Hub, set_event_loop

from workers.sdk.child_pool import read_to_the_end_before_reset

#: Bytes; many times what a pipe holds.
LARGE = 20_000_000


class Loop:
    """One child, and the event loop that reads what it writes."""

    def __init__(self) -> None:
        self.hub: Any = Hub()
        set_event_loop(self.hub)
        self.processes: Any = AsynPool(processes=1, threads=False)
        self.processes.register_with_event_loop(self.hub)
        read_to_the_end_before_reset(pool=SimpleNamespace(_pool=self.processes), hub=self.hub)
        self.until(lambda: self.processes._fileno_to_inq)
        self.results: list[int] = []
        self.losses: list[BaseException] = []

    @property
    def child(self) -> int:
        (child,) = self.processes._pool
        return int(child.pid)

    def ask_for(self, size: int) -> None:
        self.processes.apply_async(
            _bytes,
            (size,),
            callback=lambda content: self.results.append(len(content)),
            error_callback=lambda failure: self.losses.append(failure.exception),
        )

    def read_a_part(self) -> None:
        """Read what the pipe holds, while the child is not running and cannot write more."""
        (pipe,) = self.processes._fileno_to_outq
        os.kill(self.child, signal.SIGSTOP)
        self.ask_for(LARGE)
        self.until(lambda: not (self.processes.outbound_buffer or self.processes._active_writers))
        # The first that comes is a message of its own: the child has begun.
        while not isgenerator(self.hub.readers[pipe][0]):
            os.kill(self.child, signal.SIGCONT)
            assert select([pipe], [], [], 20)[0]
            os.kill(self.child, signal.SIGSTOP)
            self.until(lambda: not select([pipe], [], [], 0)[0])
        assert not self.results

    def lose_the_connection(self) -> None:
        """Do what Celery does."""
        self.hub.reset()
        self.processes.register_with_event_loop(self.hub)

    def until(self, met: Callable[[], object]) -> None:
        loop, end = self.hub.create_loop(), time.monotonic() + 20
        while not met():
            assert time.monotonic() < end
            next(loop)


@pytest.fixture
def loop() -> Iterator[Loop]:
    loop = Loop()
    yield loop
    os.kill(loop.child, signal.SIGKILL)
    loop.processes.terminate()
    loop.processes.join()
    loop.hub.close()
    set_event_loop(None)


def _bytes(size: int) -> bytes:
    return b"x" * size


def test_it_is_read_to_its_end(loop: Loop) -> None:
    loop.read_a_part()
    os.kill(loop.child, signal.SIGCONT)
    loop.lose_the_connection()
    loop.ask_for(1)
    loop.until(lambda: len(loop.results) == 2)
    assert loop.results == [LARGE, 1]


def test_a_child_that_does_not_end_it_is_stopped_and_replaced(loop: Loop) -> None:
    handler = loop.processes._result_handler
    handler.partial_read_timeout, handler.partial_read_deadline = 0.05, 0.1
    loop.read_a_part()
    loop.lose_the_connection()
    loop.until(lambda: loop.losses)
    loop.ask_for(1)
    loop.until(lambda: loop.results)
    assert loop.results == [1]
