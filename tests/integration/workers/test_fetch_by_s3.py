"""Input files that come by S3, and through a proxy."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.workers.http_servers import Answer, Server, serving
from tests.unit.workers.builtin.run_process.orders import a_program, an_order, carried_out

# Neither a database nor a broker is needed.
pytestmark = pytest.mark.embedded

_OBJECT = "/bucket/folder/a.raw"
_HEADERS = {"ETag": '"1"', "Last-Modified": "Thu, 01 Jan 2026 00:00:00 GMT", "Accept-Ranges": "bytes"}


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with serving({_OBJECT: [Answer(body=b"aaa", headers=_HEADERS)]}) as server:
        monkeypatch.setenv("PROCESS_PROTOCOLS", "s3")
        monkeypatch.setenv("PROCESS_S3_ENDPOINT", server.address)
        yield server


def _run(folder: Path, url: str, **others: Any) -> dict[str, Any]:
    file = {"localRelativePath": "a.raw", "url": url, "bytes": 3, "metadata": {}} | others
    order = an_order(a_program(folder, "cp input/a.raw output/a"), file)
    return carried_out(order, storage=folder / "storage", roots=folder / "nothing")


def test_it_reads_open_buckets(bucket: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROCESS_S3_ANONYMOUS", "true")
    answer = _run(tmp_path, "s3://bucket/folder/a.raw", checksum=hashlib.md5(b"aaa").hexdigest())  # noqa: S324 (a checksum)
    assert answer["message"] == ""
    assert {path for path, _ in bucket.asked} == {_OBJECT}
    assert not any("Authorization" in headers for _, headers in bucket.asked)
    wrong = _run(tmp_path, "s3://bucket/folder/a.raw", checksum="0" * 32)
    assert f"{'0' * 32} was announced" in wrong["message"]


def test_it_signs_with_the_credentials_of_the_fleet(
    bucket: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = tmp_path / "credentials"
    secrets.write_text("[default]\naws_access_key_id = KEY\naws_secret_access_key = hidden\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(secrets))
    assert _run(tmp_path, "s3://bucket/folder/a.raw")["message"] == ""
    assert all("Credential=KEY/" in headers["Authorization"] for _, headers in bucket.asked)


@pytest.mark.usefixtures("bucket")
def test_it_says_what_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROCESS_S3_ANONYMOUS", "true")
    message = _run(tmp_path, "s3://bucket/other")["message"]
    assert "Failed to download s3://bucket/other into a.raw : " in message


def test_it_goes_through_a_proxy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving({"http://far.example/a.raw": [Answer(body=b"aaa")]}) as proxy:
        monkeypatch.setenv("PROCESS_HTTP_PROXY", proxy.address)
        assert _run(tmp_path, "http://far.example/a.raw")["message"] == ""
        monkeypatch.setenv("PROCESS_NO_PROXY", "127.0.0.1")
        assert "Failed to download" in _run(tmp_path, f"{proxy.address}/none.raw")["message"]
    assert {path for path, _ in proxy.asked} == {"http://far.example/a.raw", "/none.raw"}
