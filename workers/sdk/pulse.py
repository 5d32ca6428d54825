"""The signs of life of a worker process: heartbeats, and RUNNING for work that lasts."""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from workers.contract import names
from workers.contract.heartbeat import Protocol, WorkerHeartbeat
from workers.contract.wire import Wire
from workers.contract.work_answer import AnswerStatus
from workers.sdk import process
from workers.sdk.announcer import Announcer
from workers.sdk.config import WorkerConfig
from workers.sdk.declare import WorkerType
from workers.sdk.managed import ManagedRequest
from workers.sdk.pace import Pace

#: Seconds until a heartbeat that could not be sent is tried again, and until the second one.
_RETRY: Final = 1.0
#: Seconds between two looks at the work in hand, at least and at most.
_SHORTEST_LOOK: Final = 0.05
_LONGEST_LOOK: Final = 1.0

_log: Final = logging.getLogger(__name__)


def pauses(period: float) -> Iterator[float]:
    """Return the seconds between heartbeats, which grow to the period.

    Where all processes start together, the first heartbeat may come before any manager listens.
    """
    pause = min(_RETRY, period)
    while True:
        yield pause
        pause = min(2 * pause, period)


class Pulse(threading.Thread):
    """A thread of the main process; it goes on while a solo pool is busy."""

    def __init__(
        self,
        *,
        config: WorkerConfig,
        types: Sequence[WorkerType],
        announcer: Announcer,
        in_hand: Mapping[str, ManagedRequest],
        concurrency: Callable[[], int],
        halted: Callable[[], str | None],
        pace: Pace,
    ) -> None:
        super().__init__(name="pulse", daemon=True)
        self._config = config
        self._types = types
        self._announcer = announcer
        self._in_hand = in_hand
        self._concurrency = concurrency
        self._halted = halted
        self._pace = pace
        self._silent = False
        self._stopping = threading.Event()
        #: Monotonic time of the last heartbeats that the broker took.
        self.beaten_at: float | None = None

    def run(self) -> None:
        """Beat at once, soon again, then every period, until told to stop."""
        config = self._config
        look = min(max(config.running_after / 2, _SHORTEST_LOOK), _LONGEST_LOOK, config.heartbeat)
        beat_at, periods = 0.0, pauses(config.heartbeat)
        while not self._stopping.is_set():
            now = time.monotonic()
            if (now >= beat_at or self._has_news(now)) and not self._keeps_silent():
                beat_at = now + (next(periods) if self._beat() else min(_RETRY, config.heartbeat))
            if config.running_after:
                self._announce_running(now)
            self._stopping.wait(look)
        self._announcer.close()

    def stop(self) -> None:
        """Stop beating."""
        self._stopping.set()

    def _has_news(self, now: float) -> bool:
        """Tell whether managers should know at once what they would hear with the next beat."""
        return self.beaten_at is not None and now >= self.beaten_at + _RETRY and self._pace.has_news()

    def _keeps_silent(self) -> bool:
        """Tell whether the process does not get on: then managers are to take it for dead."""
        reason = self._halted()
        if (reason is not None) is not self._silent:
            self._silent = reason is not None
            words = reason or "The process gets on again"
            _log.log(
                logging.ERROR if self._silent else logging.INFO,
                "heartbeats %s: %s",
                "stop" if self._silent else "go on",
                words,
                extra={"action": "worker.halted" if self._silent else "worker.resumed"},
            )
        return self._silent

    def _beat(self) -> bool:
        at = datetime.now(UTC)
        sent = [
            self._announcer.send(exchange=names.HEARTBEAT_EXCHANGE, wire=self._wire(entry, at))
            for entry in self._types
        ]
        if all(sent):
            self.beaten_at = time.monotonic()
        return all(sent)

    def _wire(self, entry: WorkerType, at: datetime) -> Wire:
        return WorkerHeartbeat(
            tenant=self._config.tenant,
            worker_id=self._config.worker_id,
            worker_type=entry.name,
            beaten_at=at,
            protocol=Protocol.CELERY,
            concurrency=self._concurrency(),
            prefetch=self._config.prefetch,
            version=entry.version,
            # The embedded broker takes nothing back, and its messages are held to the end.
            hold_seconds=None if self._config.embedded else entry.length.held,
            run_seconds=self._pace.tell(entry.name),
            stored_contents=bool(self._config.stored_content),
        ).to_wire()

    def _announce_running(self, now: float) -> None:
        started_before = now - self._config.running_after
        for request in list(self._in_hand.values()):
            begun = request.accepted_at
            # A request is in hand until the broker has confirmed its answer, which nothing may follow.
            if request.announced or request.answered or begun is None or begun > started_before:
                continue
            request.announced = self._announcer.running(
                process.runner().worded(request.work.request, AnswerStatus.RUNNING)
            )
