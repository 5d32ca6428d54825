"""Input files of executions that come over the network."""

import hashlib
import http.server
import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientTimeout

from tests.integration.workers.http_servers import Answer, serving
from tests.unit.workers.builtin.run_process.orders import a_program, an_input, an_order, as_read, carried_out
from workers.builtin.run_process.network import Network
from workers.builtin.run_process.regards import Regards
from workers.builtin.run_process.sources import of_network

# Neither a database nor a broker is needed.
pytestmark = pytest.mark.embedded

#: More bytes than fsspec would ask for at once.
_LARGE = 12_000_000


class _Server(http.server.ThreadingHTTPServer):
    """Serves one file, after it has failed a number of times."""

    failures = 0


class _Handler(http.server.BaseHTTPRequestHandler):
    server: _Server

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        self.server.failures -= 1
        missing = self.path.partition("?")[0] != "/a.raw"
        status = 404 if missing else 503 if self.server.failures >= 0 else 200
        self.send_response(status)
        self.send_header("Content-Length", "3" if status == 200 else "0")
        self.end_headers()
        self.wfile.write(b"aaa" if status == 200 and self.command == "GET" else b"")

    def log_message(self, *_arguments: object) -> None:
        """Write nothing."""


@pytest.fixture
def server() -> Iterator[_Server]:
    with _Server(("127.0.0.1", 0), _Handler) as serving:
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        yield serving
        serving.shutdown()


def _run(server: _Server, folder: Path, *, name: str = "a.raw") -> dict[str, Any]:
    return _brought(f"http://127.0.0.1:{server.server_address[1]}/{name}", folder)


def _brought(url: str, folder: Path, *, content: bytes = b"aaa") -> dict[str, Any]:
    """Carry out an order for a file with such a content."""
    local = folder / "a.raw"
    local.write_bytes(content)
    order = an_order(a_program(folder, "cp input/a.raw output/a"), an_input(local, url=url))
    return carried_out(order, storage=folder / "storage", roots=folder / "nothing")


def test_it_downloads(server: _Server, tmp_path: Path) -> None:
    answer = _run(server, tmp_path)
    assert answer["finalStatus"] == "SUCCESS"
    assert [output["size"] for output in answer["outputs"]] == [3]


def test_it_tries_again(server: _Server, tmp_path: Path) -> None:
    server.failures = 2
    assert _run(server, tmp_path)["finalStatus"] == "SUCCESS"


def test_it_downloads_large_files_of_servers_without_ranges(tmp_path: Path) -> None:
    content = os.urandom(_LARGE)
    with serving({"/a.raw": [Answer(body=content)]}) as plain:
        answer = _brought(f"{plain.address}/a.raw", tmp_path, content=content)
    assert [output["sha256"] for output in answer["outputs"]] == [hashlib.sha256(content).hexdigest()]
    assert [path for path, _ in plain.asked] == ["/a.raw"]


def test_it_tries_again_when_a_server_breaks_off(tmp_path: Path) -> None:
    broken = Answer(body=b"aa", headers={"Content-Length": "3"})
    with serving({"/a.raw": [broken, Answer(body=b"aaa")]}) as breaking:
        assert _brought(f"{breaking.address}/a.raw", tmp_path)["finalStatus"] == "SUCCESS"
    assert len(breaking.asked) == 2


def test_it_counts_what_comes_from_elsewhere_with_the_files_of_this_machine(
    server: _Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROCESS_MAX_INPUT_BYTES", "5")
    (tmp_path / "a.raw").write_bytes(b"aaa")
    url = f"http://127.0.0.1:{server.server_address[1]}/a.raw"
    near = an_input(tmp_path / "a.raw", bytes=None)
    order = an_order("", near, near | {"url": url, "localRelativePath": "b.raw"})
    message = carried_out(order, storage=tmp_path / "storage", roots=tmp_path)["message"]
    assert "The input files have more than 5 bytes" in message


def test_it_waits_for_signs_of_life_and_not_for_the_whole_file(server: _Server, tmp_path: Path) -> None:
    (tmp_path / "a.raw").touch()
    url = f"http://127.0.0.1:{server.server_address[1]}/a.raw"
    files = as_read(an_order("", an_input(tmp_path / "a.raw", url=url))).inputs
    network = Network()
    regards = Regards(network=network, user="", token=None)
    (source,) = of_network(files, network=network, regards=regards, whose="")
    with source.opened() as reading:
        assert reading.session.timeout == ClientTimeout(total=None, sock_connect=10, sock_read=60)


def test_it_says_how_a_server_refuses(server: _Server, tmp_path: Path) -> None:
    server.failures = 100
    assert "/a.raw into a.raw : 503 Service Unavailable" in _run(server, tmp_path)["message"]


def test_it_gives_up(server: _Server, tmp_path: Path) -> None:
    server.failures = 100
    answer = _run(server, tmp_path)
    assert answer["finalStatus"] == "FAILURE"
    assert "Failed to download http://127.0.0.1" in answer["message"]


@pytest.mark.parametrize(("name", "failures"), [("other.raw", 0), ("a.raw", 100)])
def test_it_tells_nobody_of_the_signature_of_a_url(
    server: _Server, tmp_path: Path, name: str, failures: int
) -> None:
    server.failures = failures
    answer = _run(server, tmp_path, name=f"{name}?X-Signature=s3cret")
    assert f"/{name}?…" in answer["message"]
    assert "s3cret" not in json.dumps(answer)


def test_it_downloads_by_a_signed_url(server: _Server, tmp_path: Path) -> None:
    assert _run(server, tmp_path, name="a.raw?X-Signature=s3cret")["finalStatus"] == "SUCCESS"


def test_it_fails_without_the_file(server: _Server, tmp_path: Path) -> None:
    answer = _run(server, tmp_path, name="other.raw")
    assert answer["finalStatus"] == "FAILURE"
    assert "/other.raw into a.raw" in answer["message"]


@pytest.mark.landlock
def test_it_downloads_for_programs_without_network(
    server: _Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROCESS_SANDBOX", "landlock")
    monkeypatch.setenv("PROCESS_SANDBOX_NETWORK", "none")
    assert _run(server, tmp_path)["finalStatus"] == "SUCCESS"
