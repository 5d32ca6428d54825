"""Files that come and go by SFTP: what is brought, sent, resumed and refused by a real server."""

import hashlib
from pathlib import Path
from typing import Any

import pytest

from tests.integration.workers.sftp_server import SftpServer
from tests.unit.workers.builtin.storage_transfer.transfers import CONTENT, answered, transfer
from workers.builtin.transfer.terms import TargetTaken, WrongFile
from workers.sdk import InvalidContent, RetryLater
from workers.sdk.errors import ConfigurationError

# Neither a database nor a broker is needed.
pytestmark = pytest.mark.embedded

#: A server in Python takes seconds for more.
_SMALL = CONTENT[:300_000]
_SHA256 = hashlib.sha256(_SMALL).hexdigest()


@pytest.fixture
def server(sftp: SftpServer, monkeypatch: pytest.MonkeyPatch) -> SftpServer:
    """Serve a file, and allow the protocol."""
    (sftp.folder / "a.bin").write_bytes(_SMALL)
    monkeypatch.setenv("TRANSFER_PROTOCOLS", "sftp")
    return sftp


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    """Give a file of the tenant to send."""
    path = tmp_path / "default" / "here" / "a.bin"
    path.parent.mkdir(parents=True)
    path.write_bytes(_SMALL)
    return path


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def _brought(server: SftpServer, target: Path, tmp_path: Path, **order: Any) -> Any:
    return transfer({"source": f"{server.url}/a.bin", "target": str(target)} | order, storage=tmp_path)


def test_it_brings_a_file_and_verifies_it(server: SftpServer, got: Path, tmp_path: Path) -> None:
    result = _brought(server, got, tmp_path, size=len(_SMALL), checksum=_SHA256)
    assert answered(result) == [{"url": got.as_uri(), "size": len(_SMALL), "sha256": _SHA256}]
    assert got.read_bytes() == _SMALL
    assert _names(got.parent) == ["a.bin"]


def test_it_goes_on_where_the_connection_broke(server: SftpServer, got: Path, tmp_path: Path) -> None:
    # A piece is kept when it has come whole.
    (server.folder / "a.bin").write_bytes(CONTENT[:5_000_000])
    server.breaks_after = 4_500_000
    with pytest.raises(RetryLater):
        _brought(server, got, tmp_path)
    (partial,) = _names(got.parent)
    assert partial.startswith(".incoming-")
    server.breaks_after = None
    result = _brought(server, got, tmp_path)
    assert got.read_bytes() == CONTENT[:5_000_000]
    assert "by an earlier attempt" in result.messages[0]
    assert server.read_from[-1] > 4_000_000
    assert answered(result)[0]["size"] == 5_000_000
    assert _names(got.parent) == ["a.bin"]


def test_it_keeps_nothing_of_a_file_that_was_not_announced(
    server: SftpServer, got: Path, tmp_path: Path
) -> None:
    with pytest.raises(WrongFile, match="was announced"):
        _brought(server, got, tmp_path, checksum="0" * 64)
    assert _names(got.parent) == []


def test_it_sends_a_file_that_appears_whole(server: SftpServer, scene: Path, tmp_path: Path) -> None:
    order = {"source": scene.as_uri(), "target": f"{server.url}/deep/er/a.bin"}
    sent = transfer(order, storage=tmp_path)
    assert answered(sent)[0]["url"] == f"sftp://127.0.0.1:{server.port}/deep/er/a.bin"
    there = server.folder / "deep" / "er"
    assert {path.name: path.read_bytes() for path in there.iterdir()} == {"a.bin": _SMALL}
    assert transfer(order, storage=tmp_path).messages[0].endswith("was there already")


def test_it_leaves_no_half_of_a_file_under_its_name(server: SftpServer, scene: Path, tmp_path: Path) -> None:
    order = {"source": scene.as_uri(), "target": f"{server.url}/b.bin"}
    server.breaks_after = 100_000
    with pytest.raises(RetryLater):
        transfer(order, storage=tmp_path)
    assert "b.bin" not in _names(server.folder)
    server.breaks_after = None
    transfer(order, storage=tmp_path)
    assert (server.folder / "b.bin").read_bytes() == _SMALL


def test_it_gives_no_name_to_a_file_that_has_not_arrived(
    server: SftpServer, scene: Path, tmp_path: Path
) -> None:
    server.loses = True
    with pytest.raises(RetryLater, match=f"0 of {len(_SMALL)} bytes have arrived"):
        transfer({"source": scene.as_uri(), "target": f"{server.url}/b.bin"}, storage=tmp_path)
    assert _names(server.folder) == ["a.bin"]


def test_it_replaces_another_file_only_when_asked_to(server: SftpServer, scene: Path, tmp_path: Path) -> None:
    (server.folder / "a.bin").write_bytes(b"other")
    order = {"source": scene.as_uri(), "target": f"{server.url}/a.bin"}
    with pytest.raises(TargetTaken):
        transfer(order, storage=tmp_path)
    transfer(order, storage=tmp_path, overwrite=True)
    assert (server.folder / "a.bin").read_bytes() == _SMALL


def test_it_replaces_nothing_that_a_server_does_not_tell_of(
    server: SftpServer, scene: Path, tmp_path: Path
) -> None:
    (server.folder / "a.bin").write_bytes(b"other")
    server.mute = True
    with pytest.raises(RetryLater):
        transfer({"source": scene.as_uri(), "target": f"{server.url}/a.bin"}, storage=tmp_path)
    assert (server.folder / "a.bin").read_bytes() == b"other"


def test_it_gives_up_without_the_file_or_the_right_to_it(
    server: SftpServer, got: Path, tmp_path: Path
) -> None:
    with pytest.raises(InvalidContent, match=r"none\.bin' cannot be had"):
        _brought(server, got, tmp_path, source=f"{server.url}/none.bin")
    with pytest.raises(InvalidContent, match="cannot be had: Authentication failed") as caught:
        _brought(server, got, tmp_path, source=f"{server.url.replace('sesame', 'guessed')}/a.bin")
    assert "guessed" not in caught.value.message


def test_it_speaks_to_no_server_that_the_fleet_does_not_know(
    server: SftpServer, got: Path, tmp_path: Path
) -> None:
    known = tmp_path / "home" / ".ssh" / "known_hosts"
    known.write_text(known.read_text().replace("127.0.0.1", "127.0.0.9"))
    with pytest.raises(
        ConfigurationError, match=r"The SSH server \[127\.0\.0\.1\]:\d+ shows a key of kind ecdsa"
    ):
        _brought(server, got, tmp_path)
    known.unlink()
    with pytest.raises(ConfigurationError, match=r"not in ~/\.ssh/known_hosts or /etc/ssh"):
        _brought(server, got, tmp_path)


def test_it_waits_for_a_server_that_is_away(server: SftpServer, got: Path, tmp_path: Path) -> None:
    away = server.url.replace(str(server.port), "1")
    with pytest.raises(RetryLater, match=r"127\.0\.0\.1"):
        _brought(server, got, tmp_path, source=f"{away}/a.bin")


def test_it_takes_no_server_that_breaks_off_for_one_that_refuses_the_password(
    server: SftpServer, got: Path, tmp_path: Path
) -> None:
    server.breaks_after = -1
    with pytest.raises(RetryLater, match="transport shut down"):
        _brought(server, got, tmp_path)
