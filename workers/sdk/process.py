"""What belongs to the operating system's process: its runner, and its tie to its parent."""

import ctypes
import logging
import os
import signal
import threading
from collections.abc import Sequence
from typing import Final

from workers.contract.work_answer import AnswerStatus, WorkAnswer
from workers.contract.work_request import WorkRequest
from workers.sdk.errors import WorkerError, told
from workers.sdk.runner import Runner

_PR_SET_PDEATHSIG: Final = 1

_log: Final = logging.getLogger(__name__)

_runner: Runner | None = None


def install(runner: Runner) -> None:
    """Set the runner of this process and of the children that it forks."""
    global _runner  # noqa: PLW0603  # a forked child finds its runner by name, nothing can be handed to it
    _runner = runner


def runner() -> Runner:
    """Return the runner of this process.

    Raises:
        WorkerError: none was installed.
    """
    if _runner is None:
        raise WorkerError("This process is not a worker: no runner was installed")
    return _runner


def run_managed(worker_type: str, request: WorkRequest) -> WorkAnswer:
    """Run a managed request; the pool finds this function by its name.

    Note: nothing but an answer comes back.
        What is raised here reaches nobody in pools of threads, or without any: the request would be held,
        unanswered, for ever.
    """
    try:
        return runner().answer(worker_type=worker_type, request=request)
    # See the note.
    except Exception as error:  # noqa: BLE001 (logged with its traceback)
        return _failed(worker_type, [request], error)[0]


def run_managed_bulk(worker_type: str, requests: Sequence[WorkRequest]) -> list[WorkAnswer]:
    """Run managed requests at once; the pool finds this function by its name."""
    try:
        return runner().answer_bulk(worker_type=worker_type, requests=requests)
    # See the note of `run_managed`.
    except Exception as error:  # noqa: BLE001 (logged with its traceback)
        return _failed(worker_type, requests, error)


def _failed(worker_type: str, requests: Sequence[WorkRequest], error: Exception) -> list[WorkAnswer]:
    facts = {"action": "work.failed", "worker_type": worker_type, "request_id": requests[0].request_id}
    _log.error("run failed outside the worker type", extra=facts, exc_info=error)
    return [runner().worded(request, AnswerStatus.ERROR, told(error)) for request in requests]


def die_with_parent(*, parent: int) -> None:
    """Have Linux kill this child when its parent dies, so that a killed worker leaves no ghosts at work.

    Note: the signal follows the thread.
        Linux sends it when the thread ends that forked the child. Celery asks for it in every child, but one
        that takes the place of another is forked by a thread that ends when the worker stops: such a child
        was killed with a lock of the pool in hand, and the worker never ended. It asks for no signal
        then. Elsewhere than on Linux this does nothing.

    Note: a child that dies with its parent leaves the parent's group.
        Whoever runs the fleet may signal the whole group, as honcho does. SIGTERM would end each child at
        once, idle ones with a lock of the pool in hand, and the parent would wait for that until its grace
        ends.
    """
    if os.getpid() == parent:
        return
    forked_by_main = threading.current_thread().name == "MainThread"
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL if forked_by_main else 0)
        if forked_by_main:
            os.setpgid(0, 0)
    except (AttributeError, OSError):
        return
    if os.getppid() != parent:
        # The parent died before the call above.
        os.kill(os.getpid(), signal.SIGKILL)
