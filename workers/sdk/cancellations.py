"""Hears which dispatches nobody awaits any more, and stops the work on them."""

import logging
import signal
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final

from celery import Celery
from kombu import Consumer

from workers.contract.cancellation import Cancellation
from workers.contract.errors import MalformedMessage
from workers.sdk import topology
from workers.sdk.config import WorkerConfig
from workers.sdk.managed import ManagedRequest
from workers.sdk.stop_signs import StopSigns

#: Seconds between two looks at work that was told to stop, and at whether to go on listening.
_LOOK: Final = 0.2
#: Seconds that the end of a process waits for this thread.
_PATIENCE: Final = 2.0
#: Seconds before a lost connection is opened again, and between two heartbeats of it.
_PAUSE: Final = 2.0
_HEARTBEAT: Final = 30.0
#: Cancelled dispatches that are remembered, in case that their message comes later.
_MOST: Final = 100_000

_log: Final = logging.getLogger(__name__)


class Cancellations(threading.Thread):
    """A thread of the main process with a connection of its own: it hears while the pool is busy.

    Work that asks its context ends by itself. Where work runs in child processes, a child that does not end
    within the grace gets SIGTERM, after a second grace SIGKILL. Missing a message does no harm: the manager
    drops the answer.
    """

    def __init__(
        self,
        *,
        app: Celery,
        config: WorkerConfig,
        in_hand: Mapping[str, ManagedRequest],
        kill: Callable[[ManagedRequest, int], None] | None,
    ) -> None:
        super().__init__(name="cancellations", daemon=True)
        self._app = app
        self._grace = config.cancel_grace
        self._transport_options = {"polling_interval": _LOOK / 2} if config.embedded else {}
        self._queue = topology.cancellations_queue(config.worker_id)
        self._in_hand = in_hand
        self._kill = kill
        self._signs = StopSigns.of(config)
        #: Requests that were told to stop, and how often they were told by force.
        self._told: dict[str, int] = {}
        self._remembered: dict[str, None] = {}
        self._stopping = threading.Event()

    def remembers(self, dispatch_id: str | None) -> bool:
        """Tell whether a dispatch was cancelled before its message came."""
        return dispatch_id in self._remembered

    def run(self) -> None:
        """Listen until told to stop, whatever happens to the connection."""
        while not self._stopping.is_set():
            try:
                self._listen()
            # Whatever goes wrong here must not disturb the work itself.
            except Exception as error:  # noqa: BLE001
                _log.warning("cancellations not heard: %s", error, extra={"action": "cancellation.deaf"})
                self._stopping.wait(_PAUSE)

    def stop(self) -> None:
        """Stop listening."""
        self._stopping.set()
        if self.is_alive():
            self.join(timeout=_PATIENCE)

    def _listen(self) -> None:
        with self._app.connection_for_read(
            heartbeat=_HEARTBEAT, transport_options=self._transport_options
        ) as connection:
            queue = self._queue(connection.default_channel)
            consumer = Consumer(
                connection.default_channel, queues=[queue], on_message=self._on_message, no_ack=True
            )
            with consumer:
                while not self._stopping.is_set():
                    with suppress(TimeoutError):
                        connection.drain_events(timeout=_LOOK)
                    if connection.supports_heartbeats:
                        connection.heartbeat_check()
                    self._look_after(time.monotonic())
            # Brokers that do not do it by themselves would fill it for ever.
            queue.delete()

    def _on_message(self, message: Any) -> None:
        body = message.body.encode() if isinstance(message.body, str) else bytes(message.body)
        try:
            cancelled = Cancellation.from_wire(headers=message.headers, body=body)
        except MalformedMessage as error:
            _log.warning("cancellation not understood: %s", error)
            return
        for dispatch_id in cancelled.dispatch_ids:
            self._cancel(dispatch_id)

    def _cancel(self, dispatch_id: str) -> None:
        # First: a message that comes between these lines is not missed.
        self._remembered[dispatch_id] = None
        if len(self._remembered) > _MOST:
            del self._remembered[next(iter(self._remembered))]
        request = self._in_hand.get(dispatch_id)
        if request is None or request.answered or request.cancelled_at is not None:
            return
        request.cancelled_at = time.monotonic()
        self._told[dispatch_id] = 0
        self._signs.put_up(dispatch_id)
        _log.info("work is told to stop", extra={"action": "work.cancelled", "dispatch_id": dispatch_id})

    def _look_after(self, now: float) -> None:
        """Take down the signs of work that has ended; have a process end that goes on for too long."""
        for dispatch_id, forced in list(self._told.items()):
            request = self._in_hand.get(dispatch_id)
            if request is None or request.answered or request.cancelled_at is None:
                del self._told[dispatch_id]
                self._signs.take_down(dispatch_id)
            elif self._kill and forced < len(_SIGNALS) and now >= self._patience(request, forced):
                self._told[dispatch_id] += 1
                self._kill(request, _SIGNALS[forced])

    def _patience(self, request: ManagedRequest, forced: int) -> float:
        return (request.cancelled_at or 0.0) + self._grace * (forced + 1)


_SIGNALS: Final = (signal.SIGTERM, signal.SIGKILL)
