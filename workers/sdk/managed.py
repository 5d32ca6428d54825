"""A managed request inside Celery's worker: its pool, limits and inspection, our answers."""

import logging
import time
from collections.abc import Callable, Iterator, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from weakref import ref

from billiard.einfo import ExceptionInfo
from celery.exceptions import TaskRevokedError, Terminated, TimeLimitExceeded, WorkerLostError
from celery.worker import state
from celery.worker.request import Request

from workers.contract.work_answer import AnswerStatus, WorkAnswer
from workers.sdk import process
from workers.sdk.answers import Answers
from workers.sdk.intake import ManagedWork
from workers.sdk.metrics import CANCELED, LOST, count_task
from workers.sdk.outgoing import Outgoing
from workers.sdk.publishing import route

_log: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What all managed requests of a process share."""

    answers: Answers
    #: Requests that are not acknowledged yet, by id.
    in_hand: MutableMapping[str, "ManagedRequest"]
    #: Announce RUNNING for every request, before it starts.
    always_running: bool
    #: Does something in the thread that may acknowledge: at once if this is it.
    settle: Callable[[Callable[[], None]], object]


class ManagedRequest(Request):
    """One delivery of one dispatch, from reception to acknowledgement.

    It bypasses Celery's tracer: no result is stored, no link follows, and the message is acknowledged
    when the broker has confirmed the answer, not when the function returns.
    """

    work: ManagedWork
    desk: Desk
    #: Monotonic time at which the pool started it.
    accepted_at: float | None = None
    #: RUNNING was announced.
    announced = False
    #: Monotonic time at which it was heard that nobody awaits the answer any more.
    cancelled_at: float | None = None
    #: Requests of the same bulk, which goes through the pool under the name of this one.
    companions: Sequence["ManagedRequest"] = ()
    #: Others are worked on by the same call.
    in_bulk = False
    _answered = False

    @property
    def running(self) -> bool:
        """Whether the work on it goes on."""
        return self.accepted_at is not None and not self._answered

    @property
    def answered(self) -> bool:
        """Whether nothing is left to be done but to be acknowledged."""
        return self._answered

    def execute_using_pool(self, pool: Any, **_options: object) -> Any:
        """Hand the request to the pool."""
        if not self.companions and self.revoked():
            raise TaskRevokedError(self.id)
        for request in self._all() if self.desk.always_running else ():
            request.announced = True
            request.send(process.runner().worded(request.work.request, AnswerStatus.RUNNING), settles=False)
        hard_limit, soft_limit = self._limits()
        result = pool.apply_async(
            process.run_managed_bulk if self.companions else process.run_managed,
            args=(
                self.work.worker_type,
                [one.work.request for one in self._all()] if self.companions else self.work.request,
            ),
            accept_callback=self.on_accepted,
            timeout_callback=self.on_timeout,
            callback=self.on_success,
            error_callback=self.on_failure,
            soft_timeout=soft_limit or self.task.soft_time_limit,
            timeout=hard_limit or self.task.time_limit,
            correlation_id=self.id,
        )
        self._apply_result = None if result is None else ref(result)
        return result

    def on_accepted(self, pid: Any, time_accepted: float) -> None:
        """Note that the pool has started the request."""
        self.accepted_at = time_accepted
        super().on_accepted(pid, time_accepted)
        for companion in self.companions:
            companion.on_accepted(pid, time_accepted)

    def on_success(self, outcome: Any, **_options: object) -> None:
        """Send the answer that the run came back with."""
        if isinstance(outcome, ExceptionInfo):
            self.on_failure(outcome)
        elif self.companions:
            for request, answer in zip(self._all(), outcome, strict=True):
                request.answer(answer)
        else:
            self.answer(outcome)

    def on_timeout(self, soft: bool, timeout: float) -> None:  # noqa: FBT001
        """Answer ERROR when the hard time limit has passed; the soft one is the function's to handle."""
        for request in () if soft else self._all():
            request.fail(f"TimeLimitExceeded: the time limit of {timeout} s has passed")

    def on_failure(
        self,
        exc_info: Any,
        send_failed_event: bool = True,  # noqa: FBT001, FBT002
        return_ok: bool = False,  # noqa: FBT001, FBT002
    ) -> None:
        """Answer ERROR, unless the process that ran it is gone: then the broker delivers it again."""
        for companion in self.companions:
            companion.on_failure(exc_info, send_failed_event, return_ok)
        # Billiard wraps what a child process raised.
        error = getattr(exc_info.exception, "exc", exc_info.exception)
        if self.cancelled_at is not None:
            self._let_go()
        elif isinstance(error, TimeLimitExceeded):
            self.on_timeout(soft=False, timeout=error.args[0] if error.args else 0)
        elif isinstance(error, WorkerLostError | Terminated | SystemExit | KeyboardInterrupt):
            self._count(LOST)
            super().on_failure(exc_info, send_failed_event, return_ok)
        else:
            _log.error("run failed outside the worker type: %s", exc_info.traceback)
            self.fail(f"{type(error).__name__}: {error}")

    def answer(self, answer: WorkAnswer) -> None:
        """Send the final answer; the message is acknowledged when the broker has it."""
        if self.cancelled_at is not None:
            self._let_go()
        elif not self._answered:
            self._answered = True
            self._count(answer.status)
            state.task_ready(self)
            self.send(answer, settles=True)

    def send(self, answer: WorkAnswer, *, settles: bool) -> None:
        """Hand an answer to the broker."""
        exchange, key = route(answer)
        self.desk.answers.send(
            Outgoing(
                exchange=exchange,
                key=key,
                wire=answer.to_wire(),
                confirmed=self.acknowledge if settles else None,
            )
        )

    def take_delivery(self, message: Any) -> None:
        """Acknowledge this newer delivery of the dispatch: the old one died with its connection."""
        self._message = message
        self._on_ack = message.ack_log_error
        self._on_reject = message.reject_log_error

    def acknowledge(self) -> None:
        """Acknowledge the message."""
        self.desk.in_hand.pop(self.id, None)
        super().acknowledge()

    def reject(self, requeue: bool = False) -> None:  # noqa: FBT001, FBT002
        """Reject the message."""
        self.desk.in_hand.pop(self.id, None)
        super().reject(requeue=requeue)

    def _let_go(self) -> None:
        """Acknowledge without an answer: nobody awaits one, and it would only be a dead letter."""
        if not self._answered:
            self._answered = True
            self._count(CANCELED)
            state.task_ready(self)
            self.desk.settle(self.acknowledge)

    def _count(self, outcome: str) -> None:
        seconds = None if self.accepted_at is None else max(0.0, time.monotonic() - self.accepted_at)
        count_task(worker_type=self.work.worker_type, outcome=outcome, seconds=seconds)

    def _all(self) -> Iterator["ManagedRequest"]:
        """Yield every request of the bulk, this one first."""
        yield self
        yield from self.companions

    def _limits(self) -> tuple[float | None, float | None]:
        """Return the hard and the soft time limit: a bulk may take as long as all its requests together."""
        hard, soft = zip(*(request.time_limits for request in self._all()), strict=True)
        return (None if None in hard else sum(hard)), (None if None in soft else sum(soft))

    def fail(self, message: str) -> None:
        """Answer ERROR."""
        self.answer(process.runner().worded(self.work.request, AnswerStatus.ERROR, message))
