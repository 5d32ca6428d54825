"""Sends answers and tells when the broker has them. Until then the request stays unacknowledged."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Final, Protocol

from workers.sdk import topology
from workers.sdk.outgoing import Outgoing, Parcel
from workers.sdk.publishing import PERSISTENT, Line, publish
from workers.transport.prompt_stop import told_to_stop

_log: Final = logging.getLogger(__name__)

#: Seconds between two attempts to publish while the broker refuses, from the first to the longest.
_FIRST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 5.0


class Answers(Protocol):
    """Where finished work hands its answer."""

    def send(self, outgoing: Outgoing) -> None:
        """Take a message over; may be called from any thread of the main process."""
        ...

    def open(self, connection: Any) -> None:
        """Start to use a new connection, and send again what the last one left unconfirmed."""
        ...

    def close(self) -> None:
        """Stop using the connection."""
        ...

    def flush(self, *, timeout: float) -> bool:
        """Wait until the broker has everything; tell whether it has. Seconds."""
        ...

    def unconfirmed(self) -> list[Outgoing]:
        """Return what the broker may not have; from any thread, when nothing else goes on any more."""
        ...


class ConfirmedAnswers:
    """Publishes on the consumer's own connection, in the thread of its event loop.

    Confirms come back through the same loop, so nothing waits for them, a bulk costs one round trip, and
    acknowledgements are written by the one thread that may write them. Answers of one turn of the loop leave
    as one message.
    """

    def __init__(self, *, hub: Any) -> None:
        self._hub = hub
        self._thread = threading.get_ident()
        self._waiting: deque[Outgoing] = deque()
        self._unconfirmed: dict[int, Parcel] = {}
        self._latest: Parcel | None = None
        self._line: Line | None = None
        self._connection: Any = None
        self._published = 0
        #: What the broker has, and its senders are not told yet; they are told while the loop turns.
        self._confirmed: deque[Outgoing] = deque()
        self._turns = False

    def send(self, outgoing: Outgoing) -> None:
        """Publish with this turn of the loop, or with the next one when another thread calls."""
        self._waiting.append(outgoing)
        if threading.get_ident() == self._thread:
            self._publish()
        else:
            self._hub.call_soon(self._publish)

    def open(self, connection: Any) -> None:
        """Open a channel with confirms; publish again what was not confirmed, in the old order."""
        self._waiting = deque(self.unconfirmed())
        self._unconfirmed.clear()
        self._latest, self._published, self._turns = None, 0, False
        channel = connection.channel()
        channel.confirm_select()
        channel.events["basic_ack"].add(self._on_ack)
        channel.events["basic_nack"].add(self._on_nack)
        self._line, self._connection = Line.of(channel, connection.connection), connection
        self._publish()
        # Confirms may come while the connection is still being set up: what follows from them has to wait.
        self._hub.call_soon(self._turn)

    def close(self) -> None:
        """Forget the channel; what is unconfirmed is sent again on the next one."""
        self._line = self._connection = None

    def flush(self, *, timeout: float) -> bool:
        """Drain the connection until every answer is confirmed."""
        until = time.monotonic() + timeout
        self._turn()
        while self._waiting or self._unconfirmed:
            left = until - time.monotonic()
            if self._connection is None or left <= 0:
                return False
            self._publish()
            try:
                self._connection.drain_events(timeout=min(left, 1.0))
            except TimeoutError:
                continue
        if self._line is not None:
            # The acknowledgements that followed.
            self._line.flush()
        return True

    def unconfirmed(self) -> list[Outgoing]:
        """Return what was published without a confirm, then what was not published."""
        parcels = list(self._unconfirmed.values())
        return [outgoing for parcel in parcels for outgoing in parcel.contents] + list(self._waiting)

    def _publish(self) -> None:
        waiting, line = self._waiting, self._line
        while waiting and line is not None:
            outgoing = waiting.popleft()
            if self._latest is None or not self._latest.take(outgoing):
                self._latest = Parcel(outgoing)
                self._published += 1
                self._unconfirmed[self._published] = self._latest
                line.publish(self._latest)

    def _on_ack(self, tag: int, multiple: bool) -> None:  # noqa: FBT001
        self._confirmed += self._settled(tag, multiple=multiple)
        if self._turns:
            self._tell()

    def _turn(self) -> None:
        self._turns = True
        self._tell()

    def _tell(self) -> None:
        """Tell the senders; where one meets a lost connection, the others are told on the next one."""
        while self._confirmed:
            outgoing = self._confirmed.popleft()
            if outgoing.confirmed is not None:
                outgoing.confirmed()

    def _on_nack(self, tag: int, multiple: bool) -> None:  # noqa: FBT001
        refused = self._settled(tag, multiple=multiple)
        _log.warning("broker refused %d answers, trying again", len(refused))
        self._waiting.extend(refused)
        self._hub.call_later(1.0, self._publish)

    def _settled(self, tag: int, *, multiple: bool) -> list[Outgoing]:
        tags = [known for known in self._unconfirmed if known <= tag] if multiple else [tag]
        parcels = [self._unconfirmed.pop(known) for known in tags if known in self._unconfirmed]
        return [outgoing for parcel in parcels for outgoing in parcel.contents]


class DirectAnswers:
    """Publishes at once, for transports without confirms and without an event loop."""

    def __init__(self, *, connect: Callable[[], Any]) -> None:
        self._connect = connect
        self._lock = threading.Lock()
        self._channel: Any = None

    def send(self, outgoing: Outgoing) -> None:
        """Publish, and try again until it works or the process is told to stop."""
        pause = _FIRST_PAUSE
        with self._lock:
            while not self._published(outgoing):
                if told_to_stop():
                    return
                time.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
        if outgoing.confirmed is not None:
            outgoing.confirmed()

    def open(self, connection: Any) -> None:
        """Do nothing: the connection is made when it is first needed, because any thread may answer."""

    def close(self) -> None:
        """Do nothing: the connection outlives that of the consumer."""

    def flush(self, *, timeout: float) -> bool:  # noqa: ARG002
        """Tell that everything is sent."""
        return True

    def unconfirmed(self) -> list[Outgoing]:
        """Return nothing: what is taken over is sent at once."""
        return []

    def _published(self, outgoing: Outgoing) -> bool:
        try:
            if self._channel is None:
                self._channel = with_exchanges(self._connect().channel())
            publish(
                channel=self._channel,
                exchange=outgoing.exchange,
                wire=outgoing.wire,
                delivery_mode=PERSISTENT,
                key=outgoing.key,
            )
        # Disk full, folder gone: the answer must survive whatever it is.
        except Exception as error:  # noqa: BLE001
            _log.warning("answer not sent, trying again: %s", error, extra={"action": "answer.delayed"})
            self._channel = None
            return False
        return True


def with_exchanges(channel: Any) -> Any:
    """Declare what is published to: without it this transport takes every exchange for a direct one."""
    for exchange in (topology.ANSWERS, topology.FENCED_ANSWERS, topology.FAILED_REQUESTS):
        exchange(channel).declare()
    return channel
