"""The connection of a process to RabbitMQ: reading without waiting longer than needed."""

import select
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import kombu
from amqp.exceptions import AMQPError

from regards_processing.kernel.amqp.connection import SOCKET_TIMEOUT

#: Seconds to wait for the broker's answer to a goodbye.
_LEAVE_TIMEOUT: Final = 3.0
#: Bytes that are read at once: some dozens of small messages.
_PIECE: Final = 8192


class Frames:
    """The frames that arrive on a connection.

    The driver switches the socket between blocking modes for each frame it waits for. Here the socket keeps
    one time-out, and ``poll`` says whether there is something to read.
    """

    def __init__(self, connection: kombu.Connection) -> None:
        #: The driver's own connection.
        self.driver: Any = connection.connection
        self._transport = self.driver.transport
        self._socket = self._transport.sock
        self._socket.settimeout(SOCKET_TIMEOUT)
        # The driver reads each frame in three small pieces. What it reads beyond a piece it keeps.
        receive = self._transport._quick_recv  # noqa: SLF001 (the driver has no other door)
        self._transport._quick_recv = lambda size: receive(max(size, _PIECE))  # noqa: SLF001
        self._poll = select.poll()
        self._poll.register(self._socket, select.POLLIN)

    def handle_next(self, timeout: float) -> bool:
        """Handle the next frame; return False when none came within ``timeout`` seconds.

        Raises:
            OSError, AMQPError: the connection or a channel was closed.
        """
        if not self._ready(timeout):
            return False
        self.driver.on_inbound_frame(self._transport.read_frame())
        return True

    def handle_waiting(self) -> None:
        """Handle every frame that has arrived."""
        while self.handle_next(0):
            pass

    def write(self, frames: bytes) -> None:
        """Write frames that are complete."""
        self._transport.write(frames)

    def close(self) -> None:
        """Take leave of the broker; when it does not answer, leave without."""
        try:
            self._socket.settimeout(_LEAVE_TIMEOUT)
            self.driver.close()
        except (AMQPError, OSError):
            self.driver.collect()

    @contextmanager
    def closed_on_error(self) -> Iterator[None]:
        """Close the connection when the block fails."""
        try:
            yield
        except BaseException:
            self.close()
            raise

    def _ready(self, timeout: float) -> bool:
        if self._transport._read_buffer:  # noqa: SLF001
            return True
        pending = getattr(self._socket, "pending", None)
        return bool(pending and pending()) or bool(self._poll.poll(timeout * 1000))


def open_channel(frames: Frames) -> Any:
    """Open a channel that hands out bodies as the bytes they are."""
    channel = frames.driver.channel()
    channel.auto_decode = False
    return channel
