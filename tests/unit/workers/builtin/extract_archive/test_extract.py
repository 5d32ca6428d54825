import hashlib
import threading
import zipfile
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests.unit.workers.builtin.extract_archive.archives import (
    SCENE,
    content_for,
    extract,
    member,
    write_tar,
    write_tar_members,
    write_zip,
)
from tests.unit.workers.builtin.storage_transfer.transfers import broken_off
from workers.builtin.extract_archive import worker
from workers.sdk import Cancelled, InvalidContent
from workers.sdk.testing import run_once


def _path(url: str) -> Path:
    return Path(unquote(urlsplit(url).path))


def test_it_lists_every_file_of_a_zip_with_its_size_and_digest(inbox: Path, storage: Path) -> None:
    archive = write_zip(inbox / "scene one.zip", SCENE)
    answer = extract(archive, storage=storage)
    assert answer["archive"] == {
        "url": archive.as_uri(),
        "size": archive.stat().st_size,
        "sha256": hashlib.sha256(archive.read_bytes()).hexdigest(),
    }
    listed = {file["path"]: (file["size"], file["sha256"]) for file in answer["files"]}
    assert listed == {name: (len(body), hashlib.sha256(body).hexdigest()) for name, body in SCENE.items()}


@pytest.mark.parametrize(("name", "mode"), [("x.tar", "w"), ("x.tar.gz", "w:gz"), ("misleading.zip", "w:gz")])
def test_it_extracts_a_tar_whatever_its_name(inbox: Path, storage: Path, name: str, mode: str) -> None:
    answer = extract(write_tar(inbox / name, SCENE, mode=mode), storage=storage)
    written = {file["path"]: _path(file["url"]).read_bytes() for file in answer["files"]}
    assert written == SCENE


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
def test_it_reads_the_usual_compression_methods(inbox: Path, storage: Path, method: int) -> None:
    answer = extract(write_zip(inbox / "x.zip", SCENE, method=method), storage=storage)
    assert {file["path"]: _path(file["url"]).read_bytes() for file in answer["files"]} == SCENE


def test_it_leaves_nested_archives_alone(inbox: Path, storage: Path) -> None:
    inner = write_zip(inbox / "inner.zip", SCENE).read_bytes()
    answer = extract(write_zip(inbox / "outer.zip", {"inner.zip": inner}), storage=storage)
    assert [_path(file["url"]).read_bytes() for file in answer["files"]] == [inner]


def test_it_keeps_names_in_any_script(inbox: Path, storage: Path) -> None:
    names = {"données/été #1?.tif": b"1", "图像.tif": b"2", "a b%41.tif": b"3", "e\u0301.txt": b"4"}
    answer = extract(write_zip(inbox / "x.zip", names), storage=storage)
    written = {file["path"]: _path(file["url"]).read_bytes() for file in answer["files"]}
    assert written == {"données/été #1?.tif": b"1", "图像.tif": b"2", "a b%41.tif": b"3", "é.txt": b"4"}


def test_it_writes_below_the_tenant_and_the_request(inbox: Path, storage: Path) -> None:
    answer = extract(write_zip(inbox / "x.zip", SCENE), storage=storage, tenant="t1", request_id="r-17")
    assert all(_path(file["url"]).is_relative_to(storage / "t1" / "r-17") for file in answer["files"])


@pytest.mark.parametrize("request_id", ["../../etc", "..", "/abs", "a/b", "é\x00", "x" * 255, ".hidden"])
def test_it_makes_any_request_id_a_safe_folder(inbox: Path, storage: Path, request_id: str) -> None:
    answer = extract(write_zip(inbox / "x.zip", {"a": b"a"}), storage=storage, request_id=request_id)
    written = _path(answer["files"][0]["url"])
    assert written.read_bytes() == b"a"
    assert len(written.resolve().relative_to(storage.resolve() / "default").parts) == 3


def test_it_gives_the_same_answer_and_files_on_a_second_attempt(inbox: Path, storage: Path) -> None:
    archive = write_zip(inbox / "x.zip", SCENE)
    first = extract(archive, storage=storage)
    before = sorted(storage.rglob("*"))
    assert extract(archive, storage=storage) == first
    assert sorted(storage.rglob("*")) == before


def test_it_mends_files_that_an_accident_cut_short(inbox: Path, storage: Path) -> None:
    archive = write_zip(inbox / "x.zip", SCENE)
    first = extract(archive, storage=storage)
    _path(first["files"][1]["url"]).write_bytes(b"")
    _path(first["files"][2]["url"]).unlink()
    assert extract(archive, storage=storage) == first
    assert {file["path"]: _path(file["url"]).read_bytes() for file in first["files"]} == SCENE


def test_it_survives_concurrent_attempts(inbox: Path, storage: Path) -> None:
    files = {f"{number % 7}/{number}.bin": bytes([number % 256]) * 5000 for number in range(200)}
    archive = write_tar(inbox / "x.tar.gz", files, mode="w:gz")
    answers: list[dict[str, object]] = []
    threads = [
        threading.Thread(target=lambda: answers.append(extract(archive, storage=storage))) for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 6
    assert all(answer == answers[0] for answer in answers)
    stored = [path for path in storage.rglob("*") if path.is_file()]
    assert {"/".join(path.parts[-2:]): path.read_bytes() for path in stored} == files
    assert [list(hidden.iterdir()) for hidden in storage.rglob(".*")] == [[]]


def test_it_keeps_the_time_of_each_file(inbox: Path, storage: Path) -> None:
    archive = write_tar_members(inbox / "x.tar", [(member("a", 1, mtime=1_000_000_000), b"a")])
    answer = extract(archive, storage=storage)
    assert _path(answer["files"][0]["url"]).stat().st_mtime == 1_000_000_000


def test_it_tells_how_far_it_is(inbox: Path, storage: Path) -> None:
    progress: list[str] = []
    archive = write_zip(inbox / "x.zip", {f"{number}": b"" for number in range(1000)})
    extract(archive, storage=storage, progress=progress)
    assert [line.split(",")[0] for line in progress] == ["500 files extracted", "1000 files extracted"]


@pytest.mark.parametrize("after", [3, 20], ids=["reading", "writing"])
def test_it_stops_in_the_middle_of_a_file_that_nobody_awaits(inbox: Path, storage: Path, after: int) -> None:
    archive = write_tar(inbox / "x.tar", {"large.bin": bytes(8 * 1024 * 1024)})
    answers = broken_off(after)
    with pytest.raises(Cancelled):
        extract(archive, storage=storage, cancelled=lambda: next(answers))
    assert list(storage.rglob("*")) == []


def test_it_accepts_a_plain_path(inbox: Path, storage: Path) -> None:
    archive = write_zip(inbox / "x.zip", SCENE)
    content = content_for(archive).replace(b"file://", b"")
    result = run_once(worker.run, content=content, storage=storage, file_roots=(inbox,))
    assert b"a.tif" in result.content


def test_it_stores_nothing_when_the_last_entry_is_bad(inbox: Path, storage: Path) -> None:
    archive = write_tar(inbox / "x.tar", {"good.tif": b"good", "../bad": b"bad"})
    with pytest.raises(InvalidContent):
        extract(archive, storage=storage)
    assert list(storage.rglob("*")) == []
