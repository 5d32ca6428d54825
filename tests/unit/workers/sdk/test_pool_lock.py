"""The lock of a pool's results, and children that took it along."""

from types import SimpleNamespace
from typing import Any

from billiard import get_context

from workers.sdk.pool_lock import free, lock_of


def _lock() -> Any:
    return get_context("fork").Lock()


def test_it_frees_a_lock_that_a_dead_child_has() -> None:
    lock = _lock()
    assert lock.acquire(False)
    free(lock, patience=0.01)
    assert lock.acquire(False)


def test_it_leaves_a_free_lock_free() -> None:
    lock = _lock()
    free(lock, patience=0.01)
    assert lock.acquire(False)
    assert not lock.acquire(False)


def test_it_finds_the_lock_of_the_results() -> None:
    lock = _lock()
    results = SimpleNamespace(_wlock=lock)
    assert lock_of(SimpleNamespace(_pool=SimpleNamespace(_outqueue=results))) is lock


def test_it_finds_none_where_each_child_has_a_pipe_or_is_a_thread() -> None:
    assert lock_of(SimpleNamespace(_pool=SimpleNamespace(_outqueue=None))) is None
    assert lock_of(SimpleNamespace()) is None
