"""Sends what nobody waits for: heartbeats, RUNNING, progress. On its own connection, from any thread."""

import logging
import os
import threading
import time
from typing import Any, Final

from celery import Celery

from workers.contract import names
from workers.contract.wire import Wire
from workers.contract.work_answer import WorkAnswer
from workers.sdk import topology
from workers.sdk.publishing import TRANSIENT, publish, route

#: Seconds without a new attempt after a failure, so that a lost broker does not slow the work down.
_PAUSE: Final = 2.0
_CONNECT_TIMEOUT: Final = 4.0

_log: Final = logging.getLogger(__name__)


class Announcer:
    """A connection that opens when it is first needed, and again after a failure or a fork."""

    def __init__(self, *, app: Celery) -> None:
        self._app = app
        self._lock = threading.Lock()
        self._owner = os.getpid()
        self._connection: Any = None
        self._channel: Any = None
        self._closed_until = 0.0

    def running(self, answer: WorkAnswer) -> bool:
        """Announce that work goes on if the broker is there; tell whether it was."""
        exchange, key = route(answer)
        return self.send(exchange=exchange, wire=answer.to_wire(), key=key)

    def send(self, *, exchange: str, wire: Wire, key: str = names.WORKER_ROUTING_KEY) -> bool:
        """Send a message if the broker is there; tell whether it was."""
        self._forget_parent()
        with self._lock:
            if time.monotonic() < self._closed_until:
                return False
            try:
                publish(channel=self._open(), exchange=exchange, wire=wire, delivery_mode=TRANSIENT, key=key)
            # Whatever goes wrong here must not disturb the work itself.
            except Exception as error:  # noqa: BLE001
                _log.warning("announcement not sent: %s", error, extra={"action": "announcement.failed"})
                self._drop()
                self._closed_until = time.monotonic() + _PAUSE
                return False
            return True

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._drop()

    def _open(self) -> Any:
        if self._channel is None:
            self._connection = self._app.connection_for_write(connect_timeout=_CONNECT_TIMEOUT, heartbeat=0)
            self._connection.connect()
            self._channel = self._connection.channel()
            for exchange in (topology.ANSWERS, topology.FENCED_ANSWERS, topology.HEARTBEATS):
                exchange(self._channel).declare()
        return self._channel

    def _drop(self) -> None:
        connection, self._connection, self._channel = self._connection, None, None
        if connection is not None:
            try:
                connection.collect(socket_timeout=1.0)
            except Exception as error:  # noqa: BLE001
                _log.debug("announcement connection not closed cleanly: %s", error)

    def _forget_parent(self) -> None:
        """Drop what a fork copied: the lock may be held, and the socket is the parent's."""
        if self._owner != os.getpid():
            self._owner = os.getpid()
            self._lock = threading.Lock()
            self._connection = self._channel = None
