"""Servers that say nothing more, or take nothing more: nobody waits for them without end."""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import pytest

from tests.integration.workers.ftp_server import FtpServer
from tests.integration.workers.http_servers import stalling
from tests.integration.workers.s3_server import Door, door_before
from tests.integration.workers.sftp_server import SftpServer
from tests.unit.workers.builtin.storage_transfer.transfers import transfer
from workers.builtin.transfer import remote
from workers.builtin.transfer.failures import reaching
from workers.builtin.transfer.wires import wire_of
from workers.sdk import RetryLater

# Neither a database nor a broker is needed. Waiting without end is what these tests are about.
pytestmark = [pytest.mark.embedded, pytest.mark.timeout(30)]

#: A little more than one piece, and than the buffers of connections.
_LARGE = os.urandom(5_000_000)
#: Some requests of SFTP.
_SMALL = _LARGE[:200_000]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Allow the protocols, and wait for nobody longer than a second."""
    monkeypatch.setenv("TRANSFER_PROTOCOLS", "ftp,http,https,sftp")
    monkeypatch.setattr(remote, "_PATIENCE", 1)


@pytest.fixture
def door(sftp: SftpServer, tmp_path: Path) -> Iterator[Door]:
    """Stand between the fleet and its server of SFTP, with the key of that server."""
    with door_before(sftp.url) as standing:
        known = tmp_path / "home" / ".ssh" / "known_hosts"
        known.write_text(known.read_text().replace(f":{sftp.port} ", f":{_port(standing)} "))
        yield standing


def _port(door: Door) -> int:
    return int(door.listening.getsockname()[1])


def _through(door: Door, server: SftpServer) -> str:
    return server.url.replace(str(server.port), str(_port(door)))


class _Files:
    """A file of the tenant that is sent to `b.bin`, and a file `a.bin` of a server that is brought."""

    def __init__(self, storage: Path) -> None:
        self._storage = storage
        self._here = storage / "default" / "here" / "a.bin"
        self._here.parent.mkdir(parents=True)

    def send(self, url: str, content: bytes = _SMALL, **options: Any) -> None:
        self._here.write_bytes(content)
        self._transfer({"source": self._here.as_uri(), "target": f"{url}/b.bin"}, **options)

    def bring(self, url: str, **options: Any) -> None:
        self._transfer({"source": f"{url}/a.bin", "target": str(self._here.with_name("b.bin"))}, **options)

    def _transfer(self, order: dict[str, str], *, after_a_piece: Callable[[], bool] = lambda: False) -> None:
        transfer(order, storage=self._storage, cancelled=after_a_piece)


@pytest.fixture
def files(tmp_path: Path) -> _Files:
    return _Files(tmp_path)


class _Narrow:
    """A connection of FTP to a server that takes a little of a file, and then a little more."""

    TAKEN_AT_ONCE: Final = 65536

    def __init__(self) -> None:
        self._data, self._taken_from = socket.socketpair()
        self._data.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, self.TAKEN_AT_ONCE)
        self._data.settimeout(1)
        self.taken = 0
        self._taking = threading.Thread(target=self._take)
        self._taking.start()

    def voidcmd(self, _command: str) -> None:
        """Say yes."""

    def transfercmd(self, _command: str, *, rest: int | None) -> socket.socket:
        assert rest is None
        return self._data

    def end(self) -> None:
        self._data.close()
        self._taking.join()

    def _take(self) -> None:
        with self._taken_from:
            while piece := self._taken_from.recv(self.TAKEN_AT_ONCE, socket.MSG_WAITALL):
                self.taken += len(piece)
                time.sleep(0.2)


@pytest.fixture
def narrow() -> Iterator[_Narrow]:
    connection = _Narrow()
    yield connection
    connection.end()


@pytest.mark.parametrize("protocol", ["ftp", "http", "https", "sftp"])
def test_it_waits_for_no_server_that_never_says_anything(files: _Files, protocol: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening, pytest.raises(RetryLater):
        files.bring(f"{protocol}://me@127.0.0.1:{listening.getsockname()[1]}")


def test_it_waits_for_no_server_of_http_that_ends_within_a_file(files: _Files) -> None:
    with stalling() as server, pytest.raises(RetryLater):
        files.bring(server.address)


@pytest.mark.parametrize("what", ["password", "channel", "subsystem"])
def test_it_waits_for_no_server_of_sftp_that_lets_nobody_in(
    sftp: SftpServer, files: _Files, what: str
) -> None:
    sftp.silent_at = what
    with pytest.raises(RetryLater):
        files.bring(sftp.url)


@pytest.mark.parametrize("what", ["stat", "close", "rename"])
def test_it_waits_for_no_server_of_sftp_that_does_nothing_more(
    sftp: SftpServer, files: _Files, what: str
) -> None:
    sftp.silent_at = what
    with pytest.raises(RetryLater):
        files.send(sftp.url)
    sftp.silent_at = None
    sftp.speaks_again.set()
    files.send(sftp.url)
    assert (sftp.folder / "b.bin").read_bytes() == _SMALL


def test_it_tells_how_long_it_has_waited_for_a_server_of_sftp(sftp: SftpServer, files: _Files) -> None:
    sftp.silent_at = "write"
    with pytest.raises(RetryLater, match=r"sftp://127.*/b\.bin: the server has not answered for 1 s"):
        files.send(sftp.url)


def test_it_waits_for_no_server_of_sftp_that_ends_within_an_answer(
    sftp: SftpServer, door: Door, files: _Files
) -> None:
    (sftp.folder / "a.bin").write_bytes(_SMALL)
    door.falls_silent, door.may_come = True, len(_SMALL) // 2
    with pytest.raises(RetryLater):
        files.bring(_through(door, sftp))
    assert door.may_come == 0


def test_it_waits_for_no_server_of_sftp_that_takes_nothing_more(sftp: SftpServer, door: Door) -> None:
    url = f"{_through(door, sftp)}/b.bin"
    # One request would find room in buffers of the usual size.
    door.listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    target = remote.connected(url, allowed={"sftp"}, setting="", field="")
    sending = target.filesystem.client.get_transport().sock
    sending.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    door.falls_silent, door.may_go = True, len(_SMALL) // 2
    with (
        pytest.raises(RetryLater),
        reaching(url, field="target"),
        target.filesystem.open("b.bin", "wb") as stream,
    ):
        stream.write(_SMALL)
    assert door.may_go == 0


def test_it_waits_for_a_server_of_sftp_that_is_slow(sftp: SftpServer, files: _Files) -> None:
    sftp.silent_at, sftp.silent_for = "write", 0.25
    files.send(sftp.url)
    assert (sftp.folder / "b.bin").read_bytes() == _SMALL


def test_it_waits_for_no_server_of_ftp_that_takes_nothing_more(ftp: FtpServer, files: _Files) -> None:
    ftp.silent_at = "take"
    with pytest.raises(RetryLater):
        files.send(ftp.url, _LARGE)


def test_it_waits_for_no_server_of_ftp_that_does_not_say_that_it_has_a_file(
    ftp: FtpServer, files: _Files
) -> None:
    def silence() -> bool:
        ftp.keeps_back = "226"
        return False

    with pytest.raises(RetryLater):
        files.send(ftp.url, after_a_piece=silence)


def test_it_waits_for_no_server_of_ftp_that_ends_within_a_file(ftp: FtpServer, files: _Files) -> None:
    def silence() -> bool:
        ftp.silent_at = "give"
        return False

    (ftp.folder / "a.bin").write_bytes(_LARGE)
    with pytest.raises(RetryLater):
        files.bring(ftp.url, after_a_piece=silence)


def test_it_waits_for_a_server_of_ftp_that_is_slow(narrow: _Narrow) -> None:
    filesystem = SimpleNamespace(ftp=narrow)
    target = remote.RemoteFile(url="ftp://a/b.bin", protocol="ftp", filesystem=filesystem, path="/b.bin")
    wire_of(target, field="target").open(target.path, at=0).write(_LARGE[: _Narrow.TAKEN_AT_ONCE * 10])
    narrow.end()
    assert narrow.taken == _Narrow.TAKEN_AT_ONCE * 10
