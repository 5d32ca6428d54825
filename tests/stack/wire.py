"""A wire to a server that a test can cut, or that takes nothing for a while."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

#: Class 60, method 40: somebody publishes.
_PUBLISH = b"\x00\x3c\x00\x28"
#: Method frames of the broker on channel 0: ``connection.blocked`` with a reason, ``connection.unblocked``.
_BLOCKED = b"\x01\x00\x00\x00\x00\x00\x08\x00\x0a\x00\x3c\x03low\xce"
_UNBLOCKED = b"\x01\x00\x00\x00\x00\x00\x04\x00\x0a\x00\x3d\xce"


class Wire:
    """Forwards connections to a server until they are cut; new ones are forwarded again."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._server = (parts.hostname or "", parts.port or 5672)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._lock = threading.Lock()
        self._open: list[socket.socket] = []
        #: Bytes that are forwarded, in both directions together, before the next cut; none: until told.
        self._left: int | None = None
        self._open_to_publishers = threading.Event()
        self._open_to_publishers.set()
        account = f"{parts.username}:{parts.password}@" if parts.username else ""
        #: The address of the server over this wire.
        self.url = f"amqp://{account}127.0.0.1:{self._listener.getsockname()[1]}{parts.path}"
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    def cut(self) -> None:
        """End every connection, as a broker that restarts does."""
        with self._lock:
            ends, self._open = self._open, []
        for end in ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def cut_after(self, size: int) -> None:
        """Cut once, when so many bytes have passed from now on: at the same place on every machine."""
        with self._lock:
            self._left = size

    def block(self) -> None:
        """Hold publishers back and tell them so, as a broker with a memory alarm does."""
        self._open_to_publishers.clear()

    def unblock(self) -> None:
        """Pass on what was held back, and tell so."""
        self._open_to_publishers.set()

    def close(self) -> None:
        # Closing alone would leave the thread in accept, where it takes one more connection.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._accepting.join()
        self._listener.close()
        self.cut()
        self.unblock()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                try:
                    server = socket.create_connection(self._server)
                except OSError:
                    # The server is away, and so is the wire, until it is back.
                    client.close()
                    continue
                # What the wire says itself is there before what it passes on.
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                with self._lock:
                    self._open += [client, server]
                for ends in ((client, server), (server, client)):
                    threading.Thread(target=self._forward, args=ends, daemon=True).start()

    def _forward(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                if _PUBLISH in data and not self._open_to_publishers.is_set():
                    source.sendall(_BLOCKED)
                    self._open_to_publishers.wait()
                    source.sendall(_UNBLOCKED)
                if self._is_enough(len(data)):
                    self.cut()
                target.sendall(data)
        # The other end hears of it.
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _is_enough(self, size: int) -> bool:
        with self._lock:
            if self._left is None:
                return False
            self._left -= size
            if self._left > 0:
                return False
            self._left = None
            return True


@contextlib.contextmanager
def wire_to(url: str) -> Iterator[Wire]:
    """Give a wire for the duration of the block."""
    wire = Wire(url)
    try:
        yield wire
    finally:
        wire.close()
