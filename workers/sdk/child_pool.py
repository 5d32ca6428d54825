"""What Celery's pool of child processes has in hand when a connection is lost or the worker stops.

Note: what becomes of it without this.
    When a connection is lost Celery forgets whatever no child has begun, because the broker delivers it
    again. But a request that comes again to the process that has it in hand is taken for that one, so nobody
    would ever run it. It forgets as well that it has read a part of a result: it would take the rest for the
    head of the next one, and never hear of that child again. When the worker stops Celery forgets what no
    child has begun, and breaks off in the middle of what it is writing to a child.
"""

# ruff: noqa: SLF001 (Celery has no other door to its pool)

import logging
import os
import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from inspect import isgenerator
from typing import Any, Final

from workers.sdk.managed import ManagedRequest

_log: Final = logging.getLogger(__name__)


def read_to_the_end_before_reset(*, pool: Any, hub: Any) -> None:
    """Have the event loop, before it forgets what it reads, end to read each result that has come in part.

    Args:
        pool: of Celery; others than that of child processes may be given.
        hub: the event loop, whose `reset` Celery calls when a connection is lost.
    """
    reset = hub.reset

    def reset_when_all_is_read() -> None:
        _read_to_the_end(pool, hub)
        reset()

    hub.reset = reset_when_all_is_read


def _read_to_the_end(pool: Any, hub: Any) -> None:
    processes = _fed_by_a_loop(pool)
    if processes is None:
        return
    for pipe, child in list(processes._fileno_to_outq.items()):
        # Waits for a child that still writes, for ten seconds at most.
        processes._result_handler._finish_partial_read(pipe, child)
        if _is_half_read(hub, pipe):
            _log.error("child %s did not end what it was writing: it is stopped by force", child.pid)
            with suppress(ProcessLookupError):
                os.kill(child.pid, signal.SIGKILL)


def _is_half_read(hub: Any, pipe: int) -> bool:
    callback, _arguments = hub.readers.get(pipe) or (None, None)
    return isgenerator(callback)


@contextmanager
def kept(*, pool: Any, semaphore: Any, requests: Iterable[ManagedRequest]) -> Iterator[None]:
    """Have the pool keep these requests while Celery clears it, and write what it is writing to its end.

    Args:
        pool: of Celery; only one of child processes that an event loop feeds forgets anything.
        semaphore: counts its free children, and has requests wait for one.
        requests: what is in hand.
    """
    processes = _fed_by_a_loop(pool)
    if processes is None:
        yield
        return
    jobs = [job for one in requests if (job := one.job) is not None and not job._accepted and not job.ready()]
    unsent = [job for job in processes.outbound_buffer if job in jobs]
    waiting = [one for one in semaphore._waiting if isinstance(one[1][0], ManagedRequest)]
    for job in jobs:
        writer = job._writer() if hasattr(job, "_writer") else None
        if writer in processes._active_writers:
            processes._flush_writer(job._write_to, writer)
        # What a child has accepted is not cleared.
        job._accepted = True
    try:
        yield
    finally:
        for job in jobs:
            job._accepted = job._time_accepted is not None
        processes.outbound_buffer.extend(unsent)
        # Each job lets go of it when it ends.
        semaphore.value = max(0, semaphore.initial_value - len(processes._cache))
        for start, arguments, options in waiting:
            semaphore.acquire(start, *arguments, **options)


def withdraw_unsent(*, pool: Any, requests: Iterable[ManagedRequest]) -> None:
    """Take back what a closed pool would not send to a child any more."""
    processes = _fed_by_a_loop(pool)
    if processes is None:
        return
    for request in requests:
        job = request.job
        if job is not None and job in processes.outbound_buffer:
            processes.outbound_buffer.remove(job)
            job.discard()
            request.withdrawn()


def _fed_by_a_loop(pool: Any) -> Any:
    processes = getattr(pool, "_pool", None)
    return processes if hasattr(processes, "outbound_buffer") else None
