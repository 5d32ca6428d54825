"""A connection to RabbitMQ that reads and writes once a turn of the event loop, not once a frame.

Note: one write a turn.
    A worker with short work answers and acknowledges many messages a millisecond. Written one by one, each
    answer and each acknowledgement is a system call here and wakes the broker there: together they cost more
    than the work of a no-op task. So what is written during a turn is held, and leaves in one piece at its
    end.

    A turn can last: a solo pool runs its tasks inside it. What is held must not wait for that, so there a
    thread writes it after `LONGEST` seconds.
"""

import threading
import time
from collections.abc import Callable
from typing import Any, Final

from amqp.exceptions import RecoverableConnectionError
from kombu.transport import pyamqp

from workers.transport.acknowledgements import Acknowledgements
from workers.transport.arrivals import Arrivals
from workers.transport.raw_messages import RabbitMessage

#: Seconds of reading after which a turn ends, so that the loop can look at everything else.
TURN: Final = 0.01
#: Seconds that something may be held while the loop is busy.
LONGEST: Final = 0.01
#: Bytes that are not held any longer.
_ENOUGH: Final = 65_536
#: Seconds that one read or write may take before the connection counts as lost.
_PATIENCE: Final = 30.0


class HeldWrites:
    """Bytes on their way to the socket, in order."""

    def __init__(self, send: Callable[[bytes], object], *, watched: bool) -> None:
        """Hold what is written before it is sent.

        Args:
            send: writes to the socket.
            watched: the loop may be busy for long; see the note of this module.
        """
        self._send = send
        self._held: list[bytes | Callable[[], bytes]] = []
        self._size = 0
        self._lock = threading.Lock()
        self._something = threading.Event()
        self._closed = False
        self._lost: OSError | None = None
        self._watched = watched
        if watched:
            threading.Thread(target=self._watch, name="held-writes", daemon=True).start()

    def write(self, data: bytes | memoryview) -> None:
        """Hold bytes; the caller may use their memory again."""
        self._hold(bytes(data), len(data))

    def write_later(self, rendered: Callable[[], bytes]) -> None:
        """Hold the place of bytes that are asked for when they leave."""
        self._hold(rendered, 0)

    def flush(self) -> None:
        """Send what is held.

        Raises:
            OSError: the connection is lost.
        """
        if self._held and not self._closed:
            with self._lock:
                self._send_held()

    def _send_held(self) -> None:
        held, self._held, self._size = self._held, [], 0
        if self._lost is not None:
            raise ConnectionError("An earlier write has failed") from self._lost
        try:
            self._send(b"".join([piece if isinstance(piece, bytes) else piece() for piece in held]))
        except OSError as error:
            # Some of it may have left: nothing that is written behind it could be understood.
            self._lost = error
            raise

    def _hold(self, piece: bytes | Callable[[], bytes], size: int) -> None:
        with self._lock:
            self._held.append(piece)
            self._size += size
        if self._size >= _ENOUGH:
            self.flush()
        elif self._watched and not self._something.is_set():
            self._something.set()

    def close(self) -> None:
        """Send nothing any more; what is held is dropped."""
        self._closed = True
        self._something.set()

    def _watch(self) -> None:
        while self._something.wait() and not self._closed:
            time.sleep(LONGEST)
            self._something.clear()
            try:
                self.flush()
            except OSError:
                # The loop reads from the same socket and will meet the same error.
                return


class TurnChannel(pyamqp.Channel):
    """A channel whose acknowledgements leave when the turn ends."""

    Message = RabbitMessage
    _acknowledgements: Acknowledgements | None = None

    def basic_ack(self, delivery_tag: int, multiple: bool = False, argsig: str = "Lb") -> None:  # noqa: FBT001, FBT002
        """Acknowledge a delivery."""
        held = self._held()
        if held is None or multiple:
            super().basic_ack(delivery_tag, multiple, argsig)
        elif self._settled().add(delivery_tag):
            held.write_later(self._settled().frames)

    def basic_reject(self, delivery_tag: int, requeue: bool, argsig: str = "Lb") -> None:  # noqa: FBT001
        """Reject a delivery."""
        held = self._held()
        if held is not None:
            # An acknowledgement of a later one that still waits could mean this one as well, and goes first.
            held.flush()
        self._settled().pass_over(delivery_tag)
        super().basic_reject(delivery_tag, requeue, argsig)

    def _held(self) -> HeldWrites | None:
        # A channel whose connection was lost has none any more; the library says so in its own words.
        return self.connection.held if self.connection is not None else None

    def _settled(self) -> Acknowledgements:
        if self._acknowledgements is None:
            self._acknowledgements = Acknowledgements(channel_id=int(self.channel_id or 0))
        return self._acknowledgements


class TurnConnection(pyamqp.Connection):
    """A connection that may hold what it writes; waiting for the broker's answer sends it first."""

    Channel = TurnChannel
    held: HeldWrites | None = None
    arrivals: Arrivals | None = None

    def take_turns(self, *, watched: bool) -> HeldWrites:
        """Read and write in turns from now on; whoever runs the turns flushes."""
        self.arrivals = Arrivals(self, patience=_PATIENCE)
        self.held = HeldWrites(self.transport._write, watched=watched)  # noqa: SLF001 (the driver has no other door)
        self.transport._write = self.held.write  # noqa: SLF001
        return self.held

    def tick(self, transport: "TurnTransport", loop: Any) -> None:
        """Handle what arrived while an answer of the broker was waited for, and send what is held.

        To wait for an answer is to read, and what is read beyond it stays in the buffer: the socket has
        nothing more to tell, and the loop would wait for it in vain.
        """
        if self.arrivals is not None and self.arrivals.buffered:
            transport.on_readable(self, loop)
        if self.held is not None:
            self.held.flush()

    def blocking_read(self, timeout: float | None = None) -> Any:
        """Read one frame."""
        if self.held is not None:
            self.held.flush()
        return super().blocking_read(timeout)

    def collect(self) -> None:
        """Forget the socket."""
        if self.held is not None:
            self.held.close()
        super().collect()


class TurnTransport(pyamqp.Transport):
    """kombu's transport, with connections that can take turns."""

    Connection = TurnConnection

    def on_readable(self, connection: Any, loop: Any) -> None:
        """Handle what has arrived, for the length of a turn, then send everything that it led to."""
        if connection.held is None:
            super().on_readable(connection, loop)
            return
        until = time.monotonic() + TURN
        while connection.connected and connection.arrivals.handle_next(0):
            if time.monotonic() >= until:
                # The rest may be in the buffer already: the socket would not tell of it again.
                loop.call_soon(self.on_readable, connection, loop)
                break
        if not connection.connected:
            raise RecoverableConnectionError("The connection was closed")
        connection.held.flush()
