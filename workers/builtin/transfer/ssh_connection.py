"""SSH connections by which nobody waits without end: paramiko bounds only how they begin."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Timer
from typing import TYPE_CHECKING, Any, cast

from workers.builtin.transfer.unread import give_up_unread

if TYPE_CHECKING:
    # An optional package: fleets without SFTP have none.
    import paramiko


def impatient_transport(*, patience: int) -> Callable[..., "paramiko.Transport"]:
    """Return what makes connections that end when a server is awaited for so many seconds.

    What waited then hears a :exc:`TimeoutError`; a server that moves, however slowly, may take its time.

    Raises:
        ImportError: the package paramiko is not installed.
    """
    import paramiko  # noqa: PLC0415 (see above)

    class ImpatientTransport(paramiko.Transport):
        def __init__(self, sock: socket.socket, **options: Any) -> None:
            # A request of SFTP is two packets: the second would wait until the first is acknowledged.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            # paramiko tries for ever to write to a server that takes nothing.
            give_up_unread(sock, after=patience)
            super().__init__(sock, **options)

        def open_sftp_client(self) -> paramiko.SFTPClient:
            with _ended_after(self, patience):
                channel = self.open_session()
                channel.invoke_subsystem("sftp")
            impatient = _ImpatientChannel(channel, self, patience)
            return paramiko.SFTPClient(cast("paramiko.Channel", impatient))

    return ImpatientTransport


@contextmanager
def _ended_after(transport: "paramiko.Transport", seconds: int) -> Iterator[None]:
    """End a connection when the block takes longer; what waits within it is woken by that."""
    ended = Event()

    def end() -> None:
        ended.set()
        transport.close()

    late = Timer(seconds, end)
    late.start()
    try:
        yield
    except Exception as error:
        if ended.is_set():
            raise _silence(seconds) from error
        raise
    finally:
        late.cancel()


class _ImpatientChannel:
    """The channel of a client of SFTP, in all that the client asks of it.

    After too long a wait the connection ends: half an answer may be lost, so that the next would be taken for
    its rest; and whoever cleans up would wait for each of its requests anew.
    """

    def __init__(self, channel: "paramiko.Channel", transport: "paramiko.Transport", patience: int) -> None:
        channel.settimeout(patience)
        self._channel = channel
        self._transport = transport
        self._patience = patience

    def __getattr__(self, name: str) -> Any:
        return getattr(self._channel, name)

    def recv(self, size: int) -> bytes:
        """Return what has come, at most so many bytes.

        Raises:
            TimeoutError: nothing has come; the connection is ended.
        """
        with self._impatient():
            return self._channel.recv(size)

    def send(self, data: bytes) -> int:
        """Send the beginning of the data; return how many bytes of it.

        Raises:
            TimeoutError: the server lets nothing be sent; the connection is ended.
        """
        with self._impatient():
            return self._channel.send(data)

    @contextmanager
    def _impatient(self) -> Iterator[None]:
        try:
            yield
        except TimeoutError:
            self._transport.close()
            # That of paramiko says nothing, and is nothing but this.
            raise _silence(self._patience) from None


def _silence(seconds: int) -> TimeoutError:
    return TimeoutError(f"the server has not answered for {seconds} s")
