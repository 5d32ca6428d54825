"""Archives that come by another protocol than ``file:``."""

import hashlib
import json
import zipfile
from pathlib import Path
from typing import Any

import fsspec
import pytest

from workers.builtin.extract_archive import worker as extract_archive
from workers.sdk import InvalidContent
from workers.sdk.testing import run_once

_URL = "memory://deliveries/scene.zip"


@pytest.fixture
def delivered() -> bytes:
    """Put an archive where fsspec finds it, and return it."""
    files = fsspec.filesystem("memory")
    with files.open("/deliveries/scene.zip", "wb") as target, zipfile.ZipFile(target, "w") as archive:
        archive.writestr("a/b.txt", "hello")
    content: bytes = files.cat("/deliveries/scene.zip")
    return content


def _run(storage: Path, url: str = _URL) -> dict[str, Any]:
    answer = run_once(extract_archive.run, content=json.dumps({"url": url}).encode(), storage=storage)
    found: dict[str, Any] = json.loads(answer.content)
    return found


def test_it_extracts_what_an_allowed_protocol_brings(
    delivered: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXTRACT_PROTOCOLS", "s3, Memory")
    found = _run(tmp_path)
    assert found["archive"] == {
        "url": _URL,
        "size": len(delivered),
        "sha256": hashlib.sha256(delivered).hexdigest(),
    }
    assert [path.read_text() for path in tmp_path.rglob("b.txt")] == ["hello"]


def test_it_names_the_protocols_that_are_allowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXTRACT_PROTOCOLS", "s3")
    with pytest.raises(InvalidContent, match="has protocol 'memory', allowed are: file, s3"):
        _run(tmp_path)


def test_it_neither_answers_nor_tells_passwords(
    delivered: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXTRACT_PROTOCOLS", "memory")
    fsspec.filesystem("memory").pipe("/me:sesame@deliveries/scene.zip", delivered)
    found = _run(tmp_path, "memory://me:sesame@deliveries/scene.zip")
    assert found["archive"]["url"] == _URL
    with pytest.raises(InvalidContent) as caught:
        _run(tmp_path, "ftp://me:sesame@deliveries/scene.zip")
    assert "ftp://deliveries/scene.zip" in caught.value.message
    assert "sesame" not in caught.value.message


def test_it_opens_nothing_through_another_protocol(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXTRACT_PROTOCOLS", "simplecache")
    with pytest.raises(InvalidContent, match="allowed are: file, simplecache"):
        _run(tmp_path, "simplecache::file:///etc/passwd")


@pytest.mark.usefixtures("delivered")
def test_it_refuses_an_archive_over_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXTRACT_PROTOCOLS", "memory")
    monkeypatch.setenv("EXTRACT_MAX_BYTES", "20")
    with pytest.raises(InvalidContent, match="larger than 20 bytes"):
        _run(tmp_path)


def test_it_says_that_there_is_no_such_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXTRACT_PROTOCOLS", "memory")
    with pytest.raises(InvalidContent, match=r"url: 'memory://deliveries/nothing\.zip' cannot be had"):
        _run(tmp_path, "memory://deliveries/nothing.zip")
