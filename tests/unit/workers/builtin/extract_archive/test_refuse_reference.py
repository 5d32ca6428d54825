import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.unit.workers.builtin.extract_archive.archives import SCENE, write_zip
from workers.builtin.extract_archive import worker
from workers.sdk import InvalidContent
from workers.sdk.errors import ConfigurationError
from workers.sdk.testing import run_once


def _refusal(content: object, *, inbox: Path, storage: Path, **options: Any) -> str:
    with pytest.raises(InvalidContent) as caught:
        run_once(
            worker.run,
            content=json.dumps(content).encode(),
            storage=storage,
            file_roots=(inbox,),
            **options,
        )
    return str(caught.value)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({}, "'url' is a required property"),
        ({"url": None}, "url: None is not of type 'string'"),
        ({"url": 7}, "url: 7 is not of type 'string'"),
        ({"url": ""}, "url: '' should be non-empty"),
        ({"url": "x.zip"}, "is relative"),
        ({"url": "file:x.zip"}, "is relative"),
        ({"url": "http://example.org/x.zip"}, "protocol 'http'"),
        ({"url": "file://server/x.zip"}, "host 'server'"),
        ({"url": "file:///x.zip?part=1"}, "query or fragment"),
        ({"url": "file://[/x.zip"}, "not a URL"),
        ({"url": "file:///a%00b"}, "NUL"),
        ({"url": "/" + "a" * 5000}, "is too long"),
        ({"url": "/" + "a" * 300}, "outside the folders"),
        ({"url": "file:///etc/passwd"}, "outside the folders"),
        ({"url": "file:///etc/no-such-file"}, "outside the folders"),
        ([1], "JSON object"),
    ],
)
def test_it_refuses_what_names_no_readable_file(
    inbox: Path, storage: Path, content: object, reason: str
) -> None:
    assert reason in _refusal(content, inbox=inbox, storage=storage)


@pytest.mark.parametrize("name", ["missing.zip", "folder", "pipe", "../outside.zip", "link.zip", "loop.zip"])
def test_it_refuses_missing_special_and_outside_files(inbox: Path, storage: Path, name: str) -> None:
    write_zip(inbox.parent / "outside.zip", SCENE)
    (inbox / "folder").mkdir()
    os.mkfifo(inbox / "pipe")
    (inbox / "link.zip").symlink_to(inbox.parent / "outside.zip")
    (inbox / "loop.zip").symlink_to(inbox / "loop.zip")
    refusal = _refusal({"url": str(inbox / name)}, inbox=inbox, storage=storage)
    assert refusal.startswith("url: ")


def test_it_follows_links_that_stay_inside(inbox: Path, storage: Path) -> None:
    archive = write_zip(inbox / "x.zip", SCENE)
    (inbox / "latest.zip").symlink_to(archive)
    content = json.dumps({"url": str(inbox / "latest.zip")}).encode()
    result = run_once(worker.run, content=content, storage=storage, file_roots=(inbox,))
    assert json.loads(result.content)["archive"]["url"] == archive.as_uri()


def test_it_never_reads_the_storage_of_another_tenant(tmp_path: Path, storage: Path) -> None:
    theirs = storage / "other" / "r1"
    theirs.mkdir(parents=True)
    archive = write_zip(theirs / "x.zip", SCENE)
    refusal = _refusal({"url": str(archive)}, inbox=tmp_path, storage=storage, tenant="mine")
    assert "outside the folders" in refusal


def test_it_says_which_folders_are_open_and_what_opens_others(inbox: Path, storage: Path) -> None:
    storage.mkdir(exist_ok=True)
    archive = write_zip(storage / "x.zip", SCENE)
    with pytest.raises(InvalidContent) as refused:
        run_once(
            worker.run,
            content=json.dumps({"url": archive.as_uri()}).encode(),
            storage=storage,
            file_roots=(storage, inbox),
            tenant="mine",
        )
    assert refused.value.message.endswith(
        "is outside the folders this worker may read: the tenant's own folder of the shared storage, "
        f"{storage / 'mine'}, and those of REGARDS_FILE_ROOTS ({inbox})"
    )


def test_it_reads_the_storage_of_its_own_tenant(inbox: Path, storage: Path) -> None:
    mine = storage / "mine"
    mine.mkdir(parents=True)
    content = json.dumps({"url": str(write_zip(mine / "x.zip", SCENE))}).encode()
    result = run_once(worker.run, content=content, storage=storage, file_roots=(inbox,), tenant="mine")
    assert len(json.loads(result.content)["files"]) == 3


@pytest.mark.parametrize("value", ["0", "-1", "many", "1.5", "²"])
def test_it_names_the_variable_of_a_bad_limit(
    inbox: Path, storage: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("EXTRACT_MAX_FILES", value)
    with pytest.raises(ConfigurationError, match=r"EXTRACT_MAX_FILES must be an integer of at least 1"):
        run_once(worker.run, content=b"{}", storage=storage, file_roots=(inbox,))
