"""Reading what has arrived on a connection to RabbitMQ without waiting longer than needed."""

import select
from typing import Any, Final

#: Bytes that are read at once: some dozens of small messages.
_PIECE: Final = 8192


class Arrivals:
    """The frames that arrive on a connection.

    The driver switches the socket between blocking modes for each frame it waits for, and reads a frame in
    three small pieces. Here the socket keeps one time-out, ``poll`` says whether there is something to read,
    and what is read beyond a piece is kept for the next one.
    """

    def __init__(self, driver: Any, *, patience: float) -> None:
        """Take over the reading of a connection.

        Args:
            driver: the driver's own connection.
            patience: seconds that one read or write may take before the connection counts as lost.
        """
        self._driver = driver
        self._transport = driver.transport
        self._socket = self._transport.sock
        self._socket.settimeout(patience)
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
        self._driver.on_inbound_frame(self._transport.read_frame())
        return True

    @property
    def buffered(self) -> bool:
        """Whether something was read that nobody has handled."""
        return bool(self._transport._read_buffer)  # noqa: SLF001

    def _ready(self, timeout: float) -> bool:
        if self.buffered:
            return True
        pending = getattr(self._socket, "pending", None)
        return bool(pending and pending()) or bool(self._poll.poll(timeout * 1000))
