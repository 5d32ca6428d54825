"""Worker types that read files from a real S3 server."""

import hashlib
import io
import json
import zipfile
from pathlib import Path

import pytest

from tests.integration.workers.s3_server import Bucket, S3Server
from tests.unit.workers.builtin.run_process.orders import a_program, an_order, carried_out
from workers.builtin.extract_archive import worker as extract_archive
from workers.builtin.local_storage_worker import worker as local_storage
from workers.sdk import InvalidContent
from workers.sdk.testing import run_once

# Neither a database nor a broker is needed.
pytestmark = pytest.mark.embedded

_CONTENT = b"a scene"
_MD5 = hashlib.md5(_CONTENT, usedforsecurity=False).hexdigest()


def test_it_extracts_an_archive(bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXTRACT_PROTOCOLS", "s3")
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("a.txt", _CONTENT)
    bucket.put("in/a.zip", archive.getvalue())
    body = json.dumps({"url": bucket.url("in/a.zip")}).encode()
    answer = json.loads(run_once(extract_archive.run, content=body, storage=tmp_path).content)
    assert answer["archive"]["url"] == bucket.url("in/a.zip")
    assert answer["files"][0]["sha256"] == hashlib.sha256(_CONTENT).hexdigest()


def test_it_stores_a_file(bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRANSFER_PROTOCOLS", "s3")
    bucket.put("in/a.bin", _CONTENT)
    body = {"url": bucket.url("in/a.bin"), "checksum": _MD5, "parameters": {"fileNamingStrategy": "FILENAME"}}
    content = json.dumps(body).encode()
    answer = json.loads(
        run_once(local_storage.run, content=content, content_type="store-x", storage=tmp_path).content
    )
    stored = Path(answer["fileProcessingMetadata"]["storeParentPath"], "a.bin")
    assert stored.read_bytes() == _CONTENT
    monkeypatch.setenv("TRANSFER_SOURCE_URLS", bucket.url("elsewhere"))
    with pytest.raises(InvalidContent, match=r"^url: .*TRANSFER_SOURCE_URLS"):
        run_once(local_storage.run, content=content, content_type="store-x", storage=tmp_path)


def test_it_brings_the_input_of_a_process(
    s3_server: S3Server, bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROCESS_PROTOCOLS", "s3")
    monkeypatch.setenv("PROCESS_S3_ENDPOINT", s3_server.address)
    bucket.put("in/a.raw", _CONTENT)
    file = {
        "localRelativePath": "a.raw",
        "url": bucket.url("in/a.raw"),
        "bytes": len(_CONTENT),
        "checksum": _MD5,
        "metadata": {},
    }
    order = an_order(a_program(tmp_path, "cp input/a.raw output/a"), file)
    assert carried_out(order, storage=tmp_path / "storage", roots=tmp_path / "nothing")["message"] == ""
