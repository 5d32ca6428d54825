"""The connection of a process to RabbitMQ: reading without waiting longer than needed."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import kombu
from amqp.exceptions import AMQPError

from regards_processing.kernel.amqp.connection import SOCKET_TIMEOUT
from workers.transport.arrivals import Arrivals

#: Seconds to wait for the broker's answer to a goodbye.
_LEAVE_TIMEOUT: Final = 3.0


class Frames:
    """The frames of a connection, in and out."""

    def __init__(self, connection: kombu.Connection) -> None:
        #: The driver's own connection.
        self.driver: Any = connection.connection
        self._transport = self.driver.transport
        self._arrivals = Arrivals(self.driver, patience=SOCKET_TIMEOUT)
        #: Handle the next frame; see `Arrivals.handle_next`.
        self.handle_next = self._arrivals.handle_next

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
            # The driver has no socket any more when the broker went first.
            if self._transport.sock is not None:
                self._transport.sock.settimeout(_LEAVE_TIMEOUT)
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


def open_channel(frames: Frames) -> Any:
    """Open a channel that hands out bodies as the bytes they are."""
    channel = frames.driver.channel()
    channel.auto_decode = False
    return channel
