"""A managed request inside Celery's worker: its pool, limits and inspection, our answers."""

import logging
import threading
import time
from collections.abc import Callable, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from weakref import ref

from billiard.einfo import ExceptionInfo
from celery.exceptions import TaskRevokedError, Terminated, TimeLimitExceeded, WorkerLostError
from celery.worker import state
from celery.worker.request import Request

from workers.contract.work_answer import AnswerStatus, WorkAnswer
from workers.sdk import process
from workers.sdk.answers import Answers
from workers.sdk.errors import told
from workers.sdk.intake import ManagedWork
from workers.sdk.metrics import CANCELED, LOST, count_task
from workers.sdk.outgoing import Outgoing
from workers.sdk.pace import Pace
from workers.sdk.publishing import route
from workers.sdk.retirement import Retirement

#: Held while it is decided whether the pool or the queue gets a request.
_FATES: Final = threading.Lock()

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
    #: The limits of a process that has no children to replace.
    retirement: Retirement | None = None
    #: How long work takes.
    pace: Pace = field(default_factory=Pace)


class HandedBack(Exception):
    """The request has gone back to its queue."""


class ManagedRequest(Request):
    """One delivery of one dispatch, from reception to acknowledgement.

    It bypasses Celery's tracer: no result is stored, no link follows, and the message is acknowledged
    when the broker has confirmed the answer, not when the function returns.
    """

    work: ManagedWork
    desk: Desk
    #: Seconds that work on it takes at most; ``None`` when nobody knows.
    longest: float | None = None
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
    #: Its manager alone watches over it: a message that comes again is acknowledged at once.
    watched = False
    #: Called once when the request is done with.
    on_end: Callable[[], None] | None = None
    _answered = False
    _claimed = False
    _handed_back = False

    @property
    def running(self) -> bool:
        """Whether the work on it goes on."""
        return self.accepted_at is not None and not self._answered

    @property
    def answered(self) -> bool:
        """Whether nothing is left to be done but to be acknowledged."""
        return self._answered

    @property
    def handed_back(self) -> bool:
        """Whether it has gone back to its queue."""
        return self._handed_back

    @property
    def follows(self) -> bool:
        """Whether another request of the same bulk stands for this one."""
        return self.in_bulk and not self.companions

    @property
    def job(self) -> Any:
        """The run of it in the pool; ``None`` before it has one, and where another request stands for it."""
        return None if self._apply_result is None else self._apply_result()

    def withdrawn(self) -> None:
        """Note that the pool has let go of the job unsent."""
        with _FATES:
            for request in self._all():
                request._claimed = False  # noqa: SLF001 (of this class)

    def give_back(self) -> bool:
        """Keep the pool from beginning with the request; tell whether that came in time."""
        with _FATES:
            self._handed_back = not self._claimed and not self._answered
            return self._handed_back

    def _claim(self) -> bool:
        """Keep the requests of this call from going back to the queue; tell whether that came in time."""
        with _FATES:
            if any(request._handed_back for request in self._all()):  # noqa: SLF001 (of this class)
                return False
            for request in self._all():
                request._claimed = True  # noqa: SLF001 (of this class)
            return True

    def execute_using_pool(self, pool: Any, **_options: object) -> Any:
        """Hand the request to the pool."""
        if not self.companions and self.revoked():
            raise TaskRevokedError(self.id)
        # Child processes begin at once with what they get; threads have a queue of their own before them.
        if self._handed_back or (pool.uses_semaphore and not self._claim()):
            raise TaskRevokedError(self.id)
        for request in self._all() if self.desk.always_running else ():
            request.announced = True
            request.send(process.runner().worded(request.work.request, AnswerStatus.RUNNING))
        if self.desk.retirement is not None:
            self.desk.retirement.begun()
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
        """Note that the pool has started the request.

        Raises:
            HandedBack: it must not; only a pool whose threads call this before they begin.
        """
        if not self._claim():
            raise HandedBack(self.id)
        self._begin(pid, time_accepted)

    def _begin(self, pid: Any, time_accepted: float) -> None:
        self.accepted_at = time_accepted
        super().on_accepted(pid, time_accepted)
        for companion in self.companions:
            companion._begin(pid, time_accepted)  # noqa: SLF001 (of this class)

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
            self._lost(exc_info, send_failed_event, return_ok)
        else:
            _log.error("run failed outside the worker type: %s", exc_info.traceback)
            self.fail(told(error))

    def _lost(self, *failure: Any) -> None:
        """Have the broker deliver the message again, or, if it has it no more, say what it would lead to."""
        self._count(LOST)
        if self.watched and not self._answered:
            self._answered = True
            state.task_ready(self)
            answer = process.runner().worded(self.work.request, AnswerStatus.REDELIVERED)
            self.send(answer, confirmed=self.acknowledge)
        else:
            super().on_failure(*failure)

    def answer(self, answer: WorkAnswer) -> None:
        """Send the final answer; the message is acknowledged when the broker has it."""
        if self.cancelled_at is not None:
            self._let_go()
        elif not self._answered:
            self._answered = True
            self._count(answer.status)
            if answer.run_seconds is not None and not self.in_bulk:
                self.desk.pace.note(worker_type=self.work.worker_type, seconds=answer.run_seconds)
            state.task_ready(self)
            self.send(answer, confirmed=self.acknowledge)

    def send(self, answer: WorkAnswer, *, confirmed: Callable[[], None] | None = None) -> None:
        """Hand an answer to the broker; ``confirmed`` is called when it has it."""
        exchange, key = route(answer)
        self.desk.answers.send(
            Outgoing(
                exchange=exchange,
                key=key,
                wire=answer.to_wire(),
                confirmed=confirmed,
            )
        )

    def take_delivery(self, message: Any) -> None:
        """Acknowledge this newer delivery of the dispatch: the old one died with its connection."""
        if self.watched:
            message.ack_log_error(_log, self.connection_errors)
            self.acknowledged = True
            return
        self._message = message
        self._on_ack = message.ack_log_error
        self._on_reject = message.reject_log_error

    def acknowledge_early(self) -> None:
        """Acknowledge the message, and go on with the work."""
        super().acknowledge()

    def acknowledge(self) -> None:
        """Acknowledge the message: the request is done with."""
        self._leave()
        super().acknowledge()

    def reject(self, requeue: bool = False) -> None:  # noqa: FBT001, FBT002
        """Reject the message."""
        self._leave()
        super().reject(requeue=requeue)

    def _leave(self) -> None:
        if self.desk.in_hand.get(self.id) is self:
            # A copy that went back to the queue may have come again meanwhile.
            del self.desk.in_hand[self.id]
        if self.desk.retirement is not None:
            self.desk.retirement.ended()
        if self.on_end is not None:
            self.on_end()
            self.on_end = None

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

    def _all(self) -> tuple["ManagedRequest", ...]:
        """Return every request of the bulk, this one first."""
        return (self, *self.companions)

    def _limits(self) -> tuple[float | None, float | None]:
        """Return the hard and the soft time limit: a bulk may take as long as all its requests together."""
        if not self.companions:
            alone: tuple[float | None, float | None] = self.time_limits
            return alone
        hard, soft = zip(*(request.time_limits for request in self._all()), strict=True)
        return (None if None in hard else sum(hard)), (None if None in soft else sum(soft))

    def fail(self, message: str) -> None:
        """Answer ERROR."""
        self.answer(process.runner().worded(self.work.request, AnswerStatus.ERROR, message))
