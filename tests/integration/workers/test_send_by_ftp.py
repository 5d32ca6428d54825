"""Files that are sent by SFTP and FTP: how they are verified, and what the next attempt goes on with."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.integration.workers.fleet import wait_for
from tests.integration.workers.ftp_server import FtpServer
from tests.integration.workers.sftp_server import SftpServer
from tests.unit.workers.builtin.storage_transfer.transfers import killed, transfer
from workers.builtin.transfer.terms import TargetTaken, WrongFile
from workers.sdk import Cancelled, InvalidContent, RetryLater
from workers.sdk.result import WorkResult

# Neither a database nor a broker is needed.
pytestmark = pytest.mark.embedded

_PIECE = 4 * 1024 * 1024
#: A little more than one piece.
_CONTENT = os.urandom(5_000_000)
_SMALL = _CONTENT[:300_000]


@dataclass(frozen=True)
class Sender:
    """Sends a file of the tenant to `b.bin` of a server."""

    source: Path
    storage: Path

    def order(self, server: SftpServer | FtpServer) -> dict[str, str]:
        return {"source": self.source.as_uri(), "target": f"{server.url}/b.bin"}

    def __call__(
        self, server: SftpServer | FtpServer, content: bytes = _CONTENT, **options: Any
    ) -> WorkResult:
        if not self.source.exists() or self.source.read_bytes() != content:
            self.source.write_bytes(content)
        return transfer(self.order(server), storage=self.storage, **options)


@pytest.fixture(params=["sftp", "ftp"])
def server(request: pytest.FixtureRequest) -> SftpServer | FtpServer:
    """Serve a folder by each of both in turn."""
    serving: SftpServer | FtpServer = request.getfixturevalue(request.param)
    return serving


@pytest.fixture
def sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sender:
    """Make a file of the tenant, and allow both protocols."""
    monkeypatch.setenv("TRANSFER_PROTOCOLS", "ftp,sftp")
    source = tmp_path / "default" / "here" / "a.bin"
    source.parent.mkdir(parents=True)
    return Sender(source=source, storage=tmp_path)


def _files(server: SftpServer | FtpServer) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in server.folder.iterdir()}


def _left(server: SftpServer | FtpServer) -> Path:
    """Return the only file that is there, one on its way."""
    (path,) = server.folder.iterdir()
    assert path.name.startswith(".incoming-")
    return path


def _break_off(server: SftpServer | FtpServer, sent: Sender) -> Path:
    """Have a worker end when a piece has gone; return what it has left."""

    def died() -> bool:
        raise SystemExit

    with pytest.raises(SystemExit):
        sent(server, cancelled=died)
    server.written = 0
    return _left(server)


def test_it_goes_on_where_a_killed_worker_ended(
    server: SftpServer | FtpServer, sent: Sender, tmp_path: Path
) -> None:
    sent.source.write_bytes(_CONTENT)
    killed(sent.order(server), storage=tmp_path)
    # The system may still send what the worker had given it.
    wait_for(lambda: _left(server).stat().st_size == _PIECE)
    server.written = 0
    result = sent(server)
    assert server.written == len(_CONTENT) - _PIECE
    assert f"{_PIECE} of them by an earlier attempt" in result.messages[0]
    assert _files(server) == {"b.bin": _CONTENT}


def test_it_goes_on_where_the_connection_broke(server: SftpServer | FtpServer, sent: Sender) -> None:
    server.breaks_after = 2_000_000
    with pytest.raises(RetryLater):
        sent(server)
    _left(server)
    server.breaks_after, server.written = None, 0
    sent(server)
    assert server.written < len(_CONTENT) - 1_900_000
    assert _files(server) == {"b.bin": _CONTENT}


def test_it_sends_nothing_again_when_all_has_come(server: SftpServer | FtpServer, sent: Sender) -> None:
    _break_off(server, sent).write_bytes(_CONTENT)
    sent(server)
    assert server.written == 0
    assert _files(server) == {"b.bin": _CONTENT}


@pytest.mark.parametrize(
    "at",
    [pytest.param(0, id="from-its-start"), pytest.param(_PIECE + 10, id="after-the-same-beginning")],
)
def test_it_begins_again_when_what_is_left_is_of_another_content(
    server: SftpServer | FtpServer, sent: Sender, at: int
) -> None:
    _break_off(server, sent).write_bytes(_CONTENT[:at] + b"other" + _CONTENT[at + 5 : 4_500_000])
    assert "earlier attempt" not in sent(server).messages[0]
    assert _files(server) == {"b.bin": _CONTENT}


def test_it_begins_again_when_more_is_left_than_it_sends(
    server: SftpServer | FtpServer, sent: Sender
) -> None:
    _break_off(server, sent).write_bytes(_CONTENT + b"more")
    assert "earlier attempt" not in sent(server).messages[0]
    assert _files(server) == {"b.bin": _CONTENT}


def test_it_begins_again_where_ftp_writes_files_only_from_their_start(ftp: FtpServer, sent: Sender) -> None:
    _break_off(ftp, sent)
    ftp.refuses_restarts = True
    assert "earlier attempt" not in sent(ftp).messages[0]
    assert _files(ftp) == {"b.bin": _CONTENT}


def test_it_removes_what_is_left_of_other_versions(server: SftpServer | FtpServer, sent: Sender) -> None:
    _break_off(server, sent)
    (server.folder / ".incoming-of-another-target").write_bytes(b"theirs")
    assert "earlier attempt" not in sent(server, _CONTENT[::-1]).messages[0]
    assert _files(server) == {"b.bin": _CONTENT[::-1], ".incoming-of-another-target": b"theirs"}


def test_it_leaves_nothing_of_a_file_that_nobody_awaits(server: SftpServer | FtpServer, sent: Sender) -> None:
    with pytest.raises(Cancelled):
        sent(server, cancelled=lambda: True)
    assert _files(server) == {}


def test_it_gives_no_name_to_a_file_that_sftp_has_damaged(sftp: SftpServer, sent: Sender) -> None:
    sftp.damages = 200_000
    with pytest.raises(WrongFile, match=r"sftp://127.*/b\.bin has the sha256 .* was sent"):
        sent(sftp, _SMALL)
    assert _files(sftp) == {}


def test_it_gives_no_name_to_a_file_that_ftp_has_damaged(ftp: FtpServer, sent: Sender) -> None:
    ftp.damages = True
    with pytest.raises(WrongFile, match=r"ftp://127.*/b\.bin has the sha256 .* was sent"):
        sent(ftp, _SMALL)
    assert _files(ftp) == {}


def test_it_keeps_the_file_that_a_damaged_one_would_replace(ftp: FtpServer, sent: Sender) -> None:
    (ftp.folder / "b.bin").write_bytes(b"before")
    ftp.damages = True
    with pytest.raises(WrongFile):
        sent(ftp, _SMALL, overwrite=True)
    assert _files(ftp) == {"b.bin": b"before"}


def test_it_notices_damage_also_when_it_has_gone_on(sftp: SftpServer, sent: Sender) -> None:
    _break_off(sftp, sent)
    sftp.damages = len(_CONTENT) - 1
    with pytest.raises(WrongFile):
        sent(sftp)
    assert _files(sftp) == {}


def test_it_reads_nothing_back_when_that_is_not_wanted(sftp: SftpServer, sent: Sender) -> None:
    sent(sftp, _SMALL, more={"readBack": False})
    assert sftp.read_from == []
    assert _files(sftp) == {"b.bin": _SMALL}


def test_two_attempts_at_the_same_time_leave_one_whole_file(
    server: SftpServer | FtpServer, sent: Sender
) -> None:
    second: list[WorkResult] = []

    turns = iter([lambda: second.append(sent(server))])

    def overtaken() -> bool:
        next(turns, lambda: None)()
        return False

    with pytest.raises(RetryLater, match="another attempt goes on with what this one has sent"):
        sent(server, cancelled=overtaken)
    assert _files(server) == {"b.bin": _CONTENT}
    assert sent(server).messages[0].endswith("was there already")


def test_it_replaces_no_file_that_appears_meanwhile(server: SftpServer | FtpServer, sent: Sender) -> None:
    def appeared() -> bool:
        (server.folder / "b.bin").write_bytes(b"other")
        return False

    with pytest.raises(RetryLater, match="has appeared meanwhile"):
        sent(server, cancelled=appeared)
    with pytest.raises(TargetTaken):
        sent(server)
    assert _files(server) == {"b.bin": b"other"}


def test_it_sends_no_file_that_is_called_as_one_on_its_way(ftp: FtpServer, sent: Sender) -> None:
    sent.source.write_bytes(_SMALL)
    order = sent.order(ftp) | {"target": f"{ftp.url}/.incoming-b.bin"}
    with pytest.raises(InvalidContent, match=r"files\[0\]\.target: '\.incoming-b\.bin' begins with"):
        transfer(order, storage=sent.storage)
    assert _files(ftp) == {}
