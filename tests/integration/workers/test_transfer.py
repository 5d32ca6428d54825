"""Files that come and go over the network: what a server does wrong, and what a transfer makes of it."""

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.workers.ftp_server import FtpServer, serving_ftp
from tests.integration.workers.http_servers import Answer, serving
from tests.unit.workers.builtin.storage_transfer.transfers import CONTENT, SHA256, answered, transfer
from workers.sdk import InvalidContent, RetryLater

# Neither a database nor a broker is needed.
pytestmark = pytest.mark.embedded


class _Server(http.server.ThreadingHTTPServer):
    """Serves one file by its rules."""

    #: Answer of each request but for those of the file.
    status = 200
    #: Bytes after which the connection ends.
    breaks_after = len(CONTENT)
    knows_ranges = True
    asked: list[str]


class _Handler(http.server.BaseHTTPRequestHandler):
    server: _Server

    def do_HEAD(self) -> None:
        self._answer(200, CONTENT)

    def do_GET(self) -> None:
        asked = self.headers.get("Range", "")
        self.server.asked.append(asked)
        begins = int(asked.removeprefix("bytes=").rstrip("-") or 0) * self.server.knows_ranges
        self._answer(206 if begins else 200, CONTENT[begins:])
        self.wfile.write(CONTENT[begins:][: self.server.breaks_after] * (self.server.status == 200))
        self.close_connection = True

    def _answer(self, status: int, body: bytes) -> None:
        missing = self.path != "/a.bin"
        self.send_response(404 if missing else self.server.status if self.server.status != 200 else status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", '"1"')
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        """Write nothing."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[_Server]:
    """Serve a file by HTTP, and allow the protocol."""
    monkeypatch.setenv("TRANSFER_PROTOCOLS", "http")
    with _Server(("127.0.0.1", 0), _Handler) as serving:
        serving.asked = []
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        yield serving
        serving.shutdown()


@pytest.fixture
def ftp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FtpServer]:
    """Serve a folder by FTP, and allow the protocol."""
    monkeypatch.setenv("TRANSFER_PROTOCOLS", "ftp")
    with serving_ftp(tmp_path / "ftp") as server:
        yield server


def _order(server: _Server, folder: Path, *, name: str = "a.bin") -> dict[str, Any]:
    port = server.server_address[1]
    return {"source": f"http://127.0.0.1:{port}/{name}", "target": str(folder / "default" / "got" / "a.bin")}


def test_it_downloads_in_one_request(server: _Server, tmp_path: Path) -> None:
    assert answered(transfer(_order(server, tmp_path), storage=tmp_path))[0]["sha256"] == SHA256
    assert server.asked == [""]


def test_it_asks_for_what_is_missing_after_the_connection_broke(server: _Server, tmp_path: Path) -> None:
    server.breaks_after = 6_000_000
    with pytest.raises(RetryLater):
        transfer(_order(server, tmp_path), storage=tmp_path)
    server.breaks_after = len(CONTENT)
    result = transfer(_order(server, tmp_path), storage=tmp_path)
    assert answered(result)[0]["sha256"] == SHA256
    assert server.asked[1].startswith("bytes=")
    assert "by an earlier attempt" in result.messages[0]


def test_it_begins_again_where_ranges_are_unknown(server: _Server, tmp_path: Path) -> None:
    server.breaks_after = 6_000_000
    server.knows_ranges = False
    with pytest.raises(RetryLater):
        transfer(_order(server, tmp_path), storage=tmp_path)
    server.breaks_after = len(CONTENT)
    result = transfer(_order(server, tmp_path), storage=tmp_path)
    assert answered(result)[0]["sha256"] == SHA256
    assert "earlier" not in result.messages[0]


@pytest.mark.parametrize("status", [503, 429])
def test_it_waits_for_a_busy_server(server: _Server, tmp_path: Path, status: int) -> None:
    server.status = status
    with pytest.raises(RetryLater, match=str(status)):
        transfer(_order(server, tmp_path), storage=tmp_path)


def test_it_waits_for_a_server_that_is_away(server: _Server, tmp_path: Path) -> None:
    server.shutdown()
    server.server_close()
    with pytest.raises(RetryLater, match=r"127\.0\.0\.1"):
        transfer(_order(server, tmp_path), storage=tmp_path)


def test_it_gives_up_without_the_file_or_the_right_to_it(server: _Server, tmp_path: Path) -> None:
    with pytest.raises(InvalidContent, match=r"/b\.bin' cannot be had: 404"):
        transfer(_order(server, tmp_path, name="b.bin"), storage=tmp_path)
    server.status = 403
    with pytest.raises(InvalidContent, match="cannot be had: 403"):
        transfer(_order(server, tmp_path), storage=tmp_path)


def test_it_tells_nobody_of_the_signature_of_a_url(server: _Server, tmp_path: Path) -> None:
    with pytest.raises(InvalidContent, match=r"/b b\.bin\?…' cannot be had: 404") as caught:
        transfer(_order(server, tmp_path, name="b b.bin?X-Signature=s%20ecret"), storage=tmp_path)
    assert "ecret" not in caught.value.message


def test_it_sends_by_ftp_and_brings_back(ftp: FtpServer, tmp_path: Path) -> None:
    here = tmp_path / "default" / "here" / "a.bin"
    here.parent.mkdir(parents=True)
    here.write_bytes(CONTENT)
    there = f"{ftp.url}/deep/a.bin"
    sent = transfer({"source": here.as_uri(), "target": there}, storage=tmp_path)
    assert answered(sent)[0] == {"url": there.replace("me:secret@", ""), "size": 9437184, "sha256": SHA256}
    assert {path.name: path.read_bytes() for path in (ftp.folder / "deep").iterdir()} == {"a.bin": CONTENT}
    back = transfer({"source": there, "target": str(here.with_name("back"))}, storage=tmp_path)
    assert answered(back)[0]["sha256"] == SHA256


def test_it_tells_what_ftp_says(ftp: FtpServer, tmp_path: Path) -> None:
    target = str(tmp_path / "default" / "x")
    with pytest.raises(InvalidContent, match="cannot be had"):
        transfer({"source": f"{ftp.url}/none.bin", "target": target}, storage=tmp_path)
    with pytest.raises(InvalidContent, match="530") as caught:
        transfer({"source": f"{ftp.url.replace('secret', 'wrong')}/a", "target": target}, storage=tmp_path)
    assert "wrong" not in caught.value.message


def test_it_brings_from_s3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    headers = {"ETag": '"1"', "Last-Modified": "Thu, 01 Jan 2026 00:00:00 GMT", "Accept-Ranges": "bytes"}
    target = tmp_path / "default" / "a.bin"
    monkeypatch.setenv("TRANSFER_PROTOCOLS", "s3")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "KEY")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hidden")
    with serving({"/bucket/a.bin": [Answer(body=b"aaa", headers=headers)]}) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.address)
        transfer({"source": "s3://bucket/a.bin", "target": str(target)}, storage=tmp_path)
        with pytest.raises(InvalidContent, match="'s3://bucket/none' cannot be had"):
            transfer({"source": "s3://bucket/none", "target": str(target)}, storage=tmp_path)
    assert target.read_bytes() == b"aaa"
    assert all("Credential=KEY/" in asked["Authorization"] for _, asked in server.asked)


_SENT_ON = "http://127.0.0.1:9/elsewhere/a.bin"


@pytest.mark.parametrize("location", ["/elsewhere/a.bin", _SENT_ON, "in/../../a.bin"])
def test_it_does_not_follow_a_server_out_of_the_open_places(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, location: str
) -> None:
    monkeypatch.setenv("TRANSFER_PROTOCOLS", "http")
    moved = Answer(status=302, headers={"Location": location})
    with serving({"/open/a.bin": [moved], "/elsewhere/a.bin": [Answer(body=b"secret")]}) as server:
        monkeypatch.setenv("TRANSFER_SOURCE_URLS", f"{server.address}/open")
        with pytest.raises(InvalidContent, match=r"redirect: .*TRANSFER_SOURCE_URLS"):
            transfer(_moved(server.address, tmp_path), storage=tmp_path)
        assert {path for path, _ in server.asked} == {"/open/a.bin"}
    assert not (tmp_path / "default" / "got").exists()


@pytest.mark.parametrize("places", ["{}/open", "", "{}"])
def test_it_follows_a_server_within_the_open_places(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, places: str
) -> None:
    monkeypatch.setenv("TRANSFER_PROTOCOLS", "http")
    moved = Answer(status=302, headers={"Location": "deeper/a.bin"})
    with serving({"/open/a.bin": [moved], "/open/deeper/a.bin": [Answer(body=b"abc")]}) as server:
        monkeypatch.setenv("TRANSFER_SOURCE_URLS", places.format(server.address))
        assert answered(transfer(_moved(server.address, tmp_path), storage=tmp_path))[0]["size"] == 3


def _moved(address: str, folder: Path) -> dict[str, Any]:
    return {"source": f"{address}/open/a.bin", "target": str(folder / "default" / "got" / "a.bin")}
