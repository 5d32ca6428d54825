"""What a pool of child processes keeps when Celery clears it, and lets go of when the worker stops."""

# ruff: noqa: SLF001 (Celery has no other door to its pool)

from collections import deque
from types import SimpleNamespace
from typing import Any

import pytest
from billiard.pool import CLOSE, RUN, ApplyResult
from celery.concurrency.asynpool import AsynPool
from kombu.asynchronous.semaphore import LaxBoundedSemaphore

from workers.sdk.child_pool import kept, withdraw_unsent
from workers.sdk.managed import ManagedRequest


class Processes:
    """The part of Celery's pool that holds jobs; it is cleared by Celery's own code."""

    def __init__(self) -> None:
        self._state, self.synack = RUN, False
        self._cache: dict[int, ApplyResult] = {}
        self.outbound_buffer: deque[ApplyResult] = deque()
        self._active_writers: set[Any] = set()
        self._active_writes: set[int] = set()
        self._busy_workers: set[int] = set()
        self.ended: list[Any] = []

    def job(self, *, unsent: bool = False, accepted: bool = False) -> Any:
        job: Any = ApplyResult(self._cache, None)
        job._write_to = job._scheduled_for = None  # Celery sets them when it writes
        if unsent:
            self.outbound_buffer.append(job)
        if accepted:
            job._ack(None, 1.0, 1, None)
        return job

    def clear(self) -> None:
        AsynPool.flush(self)  # type: ignore[arg-type] # a part of it

    def maintain_pool(self) -> None:
        """Look after children: there are none."""

    def _flush_writer(self, process: Any, writer: Any) -> None:
        self.ended.append((process, writer))


class Writer:
    """Stands for the generator that writes a job to its child."""


@pytest.fixture
def processes() -> Processes:
    return Processes()


def _in_hand(job: ApplyResult | None) -> Any:
    """Return a request that knows its job, and notes when it is told that it lost it."""
    request = SimpleNamespace(job=job, told=[])
    request.withdrawn = lambda: request.told.append("withdrawn")
    return request


def _pool(processes: object) -> SimpleNamespace:
    return SimpleNamespace(_pool=processes)


def _clear(processes: Processes, requests: list[Any], semaphore: LaxBoundedSemaphore) -> None:
    with kept(pool=_pool(processes), semaphore=semaphore, requests=requests):
        processes.clear()
        semaphore.clear()


def test_jobs_of_requests_stay_and_others_go(processes: Processes) -> None:
    unsent, sent, begun = processes.job(unsent=True), processes.job(), processes.job(accepted=True)
    others = [processes.job(unsent=True), processes.job()]
    requests = [_in_hand(job) for job in (unsent, sent, begun, None)]
    _clear(processes, requests, LaxBoundedSemaphore(5))
    assert set(processes._cache.values()) == {unsent, sent, begun}
    assert list(processes.outbound_buffer) == [unsent]
    assert [job.accepted() for job in (unsent, sent, begun, *others)] == [False, False, True, False, False]


def test_what_waits_for_a_child_goes_on_waiting(processes: Processes) -> None:
    semaphore = LaxBoundedSemaphore(1)
    begun: list[object] = []
    request = object.__new__(ManagedRequest)
    semaphore.acquire(begun.append, "running")
    semaphore.acquire(begun.append, request)
    semaphore.acquire(begun.append, "task of Celery")
    job = processes.job(accepted=True)
    _clear(processes, [_in_hand(job)], semaphore)
    assert begun == ["running"]
    semaphore.release()
    semaphore.release()
    assert begun == ["running", request]


def test_what_waits_begins_where_a_child_became_free(processes: Processes) -> None:
    semaphore = LaxBoundedSemaphore(1)
    begun: list[object] = []
    request = object.__new__(ManagedRequest)
    processes.job(unsent=True)
    semaphore.acquire(begun.append, "task of Celery, which is cleared")
    semaphore.acquire(begun.append, request)
    _clear(processes, [], semaphore)
    assert begun[1:] == [request]


def test_what_a_closed_pool_would_not_send_is_taken_back(processes: Processes) -> None:
    unsent, sent = _in_hand(processes.job(unsent=True)), _in_hand(processes.job())
    withdraw_unsent(pool=_pool(processes), requests=[unsent, sent, _in_hand(None)])
    assert (unsent.told, sent.told) == (["withdrawn"], [])
    assert not processes.outbound_buffer
    assert list(processes._cache.values()) == [sent.job]


def test_what_a_closed_pool_is_sending_is_sent_to_its_end(processes: Processes) -> None:
    sending, sent = processes.job(), processes.job()
    writer, done, child = Writer(), Writer(), SimpleNamespace(inqW_fd=7, _is_alive=lambda: True)
    sending._writer, sending._write_to, sent._writer = lambda: writer, child, lambda: done
    processes._active_writers.add(writer)
    processes._state = CLOSE
    _clear(processes, [_in_hand(sending), _in_hand(sent)], LaxBoundedSemaphore(2))
    assert processes.ended == [(child, writer)]
    assert set(processes._cache.values()) == {sending, sent}


@pytest.mark.parametrize("pool", [SimpleNamespace(), SimpleNamespace(_pool=object())])
def test_other_pools_forget_nothing(pool: Any) -> None:
    begun: list[str] = []
    with kept(pool=pool, semaphore=None, requests=[_in_hand(None)]):
        begun.append("cleared")
    withdraw_unsent(pool=pool, requests=[_in_hand(None)])
    assert begun == ["cleared"]
