import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from workers.builtin.file_deletion import worker
from workers.sdk import InvalidContent
from workers.sdk.errors import ConfigurationError
from workers.sdk.testing import run_once


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a folder that files may be deleted from."""
    folder = tmp_path / "archive"
    folder.mkdir()
    monkeypatch.setenv("FILE_DELETION_ROOTS", str(folder))
    return folder


def _file(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"old")
    return path


def _delete(urls: Sequence[str], *, storage: Path, **options: Any) -> list[dict[str, str]]:
    content = json.dumps({"urls": list(urls)}).encode()
    result = run_once(worker.run, content=content, storage=storage, **options)
    files: list[dict[str, str]] = json.loads(result.content)["files"]
    return files


def test_it_deletes_and_tells_of_each_file(archive: Path, storage: Path) -> None:
    first, second = _file(archive / "a b.tif"), _file(archive / "deep" / "b.tif")
    urls = [first.as_uri(), str(second), (archive / "none" / "c.tif").as_uri()]
    assert _delete(urls, storage=storage) == [
        {"url": urls[0], "status": "DELETED"},
        {"url": urls[1], "status": "DELETED"},
        {"url": urls[2], "status": "ABSENT"},
    ]
    assert not first.exists()
    assert not second.exists()


def test_it_gives_an_answer_as_often_as_it_is_asked(archive: Path, storage: Path) -> None:
    url = _file(archive / "a.tif").as_uri()
    answers = [_delete([url, url], storage=storage) for _ in range(2)]
    assert answers == [[{"url": url, "status": "DELETED"}], [{"url": url, "status": "ABSENT"}]]


def test_it_deletes_from_the_tenants_own_storage_without_a_root(delivered: Path, storage: Path) -> None:
    result = _file(delivered / "a.tif")
    assert _delete([result.as_uri()], storage=storage)[0]["status"] == "DELETED"


def test_it_deletes_nothing_when_one_place_is_not_allowed(
    archive: Path, storage: Path, tmp_path: Path
) -> None:
    inside, outside = _file(archive / "a.tif"), _file(tmp_path / "elsewhere" / "b.tif")
    other = _file(storage / "other" / "request" / "c.tif")
    around = archive / ".." / "elsewhere" / "b.tif"
    urls = [path.as_uri() for path in (inside, outside, other, around)]
    with pytest.raises(InvalidContent) as caught:
        _delete(urls, storage=storage, file_roots=(tmp_path,))
    assert caught.value.message.startswith("Nothing was deleted. urls[1]: ")
    assert caught.value.message.count("is outside the folders this worker may delete from") == 3
    assert [path.exists() for path in (inside, outside, other)] == [True, True, True]


def test_it_follows_no_link(archive: Path, storage: Path, tmp_path: Path) -> None:
    kept = _file(tmp_path / "elsewhere" / "b.tif")
    (archive / "link.tif").symlink_to(kept)
    (archive / "folder").symlink_to(kept.parent)
    for url, reason in [("link.tif", "is a link"), ("folder/b.tif", "is outside the folders")]:
        with pytest.raises(InvalidContent, match=reason):
            _delete([(archive / url).as_uri()], storage=storage)
    assert kept.exists()


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("s3://bucket/a.tif", "only file: URLs are taken"),
        ("file://host/a.tif", "names the host"),
        ("a.tif", "is relative"),
        ("file:///a%00.tif", "NUL"),
        ("/", "names no file"),
        ("/archive/..", "names no file"),
    ],
)
def test_it_refuses_what_is_no_local_file(archive: Path, storage: Path, url: str, reason: str) -> None:
    assert archive.is_dir()
    with pytest.raises(InvalidContent, match=reason):
        _delete([url], storage=storage)


def test_it_leaves_folders_and_pipes(archive: Path, storage: Path) -> None:
    (archive / "folder").mkdir()
    os.mkfifo(archive / "pipe")
    with pytest.raises(InvalidContent, match=r"folder' is a folder.*pipe' is no regular file"):
        _delete([str(archive / "folder"), str(archive / "pipe")], storage=storage)


@pytest.mark.parametrize("body", [b"{}", b'{"urls": []}', b'{"urls": "a"}', b'{"urls": [1]}', b"[]"])
def test_it_refuses_a_body_without_urls(storage: Path, body: bytes) -> None:
    with pytest.raises(InvalidContent):
        run_once(worker.run, content=body, storage=storage)


def test_it_refuses_a_relative_root(storage: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FILE_DELETION_ROOTS", "archive")
    with pytest.raises(ConfigurationError, match="FILE_DELETION_ROOTS must hold absolute paths"):
        _delete(["/a"], storage=storage)
