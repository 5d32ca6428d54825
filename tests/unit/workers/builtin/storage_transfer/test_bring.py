"""Files that come to a local place."""

import os
from pathlib import Path
from typing import Any

import pytest

from tests.unit.workers.builtin.storage_transfer.transfers import (
    CONTENT,
    SHA256,
    answered,
    broken_off,
    transfer,
)
from workers.builtin.transfer.terms import TargetTaken, WrongFile
from workers.sdk import Cancelled, InvalidContent, RetryLater


@pytest.fixture
def source(delivered: Path) -> Path:
    path = delivered / "a b.bin"
    path.write_bytes(CONTENT)
    return path


def _left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_it_copies_a_file_and_answers_with_its_size_and_digest(
    source: Path, archive: Path, storage: Path
) -> None:
    target = archive / "2026" / "a.bin"
    result = transfer({"source": source.as_uri(), "target": target.as_uri()}, storage=storage)
    assert answered(result) == [{"url": target.as_uri(), "size": len(CONTENT), "sha256": SHA256}]
    assert target.read_bytes() == CONTENT
    assert _left(archive) == ["a.bin"]


def test_it_goes_on_where_an_earlier_attempt_ended(source: Path, archive: Path, storage: Path) -> None:
    order = {"source": source.as_uri(), "target": str(archive / "a.bin")}
    asked = broken_off(after=1)
    with pytest.raises(Cancelled):
        transfer(order, storage=storage, cancelled=lambda: next(asked))
    assert not (archive / "a.bin").exists()
    result = transfer(order, storage=storage)
    assert "8388608 of them by an earlier attempt" in result.messages[0]
    assert (archive / "a.bin").read_bytes() == CONTENT
    assert _left(archive) == ["a.bin"]


def test_it_begins_again_when_the_source_has_changed_since(
    source: Path, archive: Path, storage: Path
) -> None:
    order = {"source": source.as_uri(), "target": str(archive / "a.bin")}
    asked = broken_off(after=1)
    with pytest.raises(Cancelled):
        transfer(order, storage=storage, cancelled=lambda: next(asked))
    source.write_bytes(CONTENT[::-1])
    result = transfer(order, storage=storage)
    assert "earlier" not in result.messages[0]
    assert (archive / "a.bin").read_bytes() == CONTENT[::-1]
    assert _left(archive) == ["a.bin"]


def test_it_begins_again_when_two_versions_were_mixed(memory: Any, archive: Path, storage: Path) -> None:
    memory.pipe("/a.bin", CONTENT[::-1])
    order = {"source": "memory://a.bin", "target": str(archive / "a.bin"), "checksum": SHA256}
    asked = broken_off(after=1)
    with pytest.raises(Cancelled):
        transfer(order, storage=storage, cancelled=lambda: next(asked))
    memory.pipe("/a.bin", CONTENT)
    with pytest.raises(RetryLater, match="brought from its start again"):
        transfer(order, storage=storage)
    assert answered(transfer(order, storage=storage))[0]["sha256"] == SHA256
    assert _left(archive) == ["a.bin"]


def test_it_keeps_no_part_of_a_file_whose_versions_cannot_be_told_apart(
    memory: Any, archive: Path, storage: Path
) -> None:
    memory.pipe("/a.bin", CONTENT)
    asked = broken_off(after=1)
    with pytest.raises(Cancelled):
        transfer(
            {"source": "memory://a.bin", "target": str(archive / "a.bin")},
            storage=storage,
            cancelled=lambda: next(asked),
        )
    assert _left(archive) == []


def test_it_brings_nothing_again_that_is_there(source: Path, archive: Path, storage: Path) -> None:
    order = {"source": source.as_uri(), "target": str(archive / "a.bin"), "checksum": SHA256.upper()}
    first = transfer(order, storage=storage)
    source.unlink()
    source.write_bytes(b"")
    again = transfer(order, storage=storage)
    assert again.content == first.content
    assert again.messages == (f"{(archive / 'a.bin').as_uri()} was there already",)


def test_it_finds_the_same_file_at_the_target_without_a_checksum(
    source: Path, archive: Path, storage: Path
) -> None:
    order = {"source": source.as_uri(), "target": str(archive / "a.bin")}
    assert transfer(order, storage=storage).content == transfer(order, storage=storage).content
    assert _left(archive) == ["a.bin"]


def test_it_replaces_another_file_only_when_asked_to(source: Path, archive: Path, storage: Path) -> None:
    (archive / "a.bin").write_bytes(b"other")
    order = {"source": source.as_uri(), "target": str(archive / "a.bin")}
    with pytest.raises(TargetTaken, match=r"Another file lies at .*/a\.bin"):
        transfer(order, storage=storage)
    assert (archive / "a.bin").read_bytes() == b"other"
    assert _left(archive) == ["a.bin"]
    transfer(order, storage=storage, overwrite=True)
    assert (archive / "a.bin").read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("announced", "reason"),
    [
        ({"size": 7}, "has 9437184 bytes, 7 were announced"),
        ({"checksum": "0" * 64}, f"has the sha256 {SHA256}, {'0' * 64} was announced"),
        ({"checksum": "0" * 32, "algorithm": "MD5"}, "has the md5 "),
    ],
)
def test_it_keeps_nothing_of_a_file_that_is_not_the_announced_one(
    source: Path, archive: Path, storage: Path, announced: dict[str, Any], reason: str
) -> None:
    with pytest.raises(WrongFile, match=reason):
        transfer({"source": source.as_uri(), "target": str(archive / "a.bin"), **announced}, storage=storage)
    assert _left(archive) == []


def test_it_waits_for_a_source_that_is_still_written(source: Path, archive: Path, storage: Path) -> None:
    def write_on() -> bool:
        os.utime(source)
        return False

    with pytest.raises(RetryLater, match="changed while it was read"):
        transfer(
            {"source": source.as_uri(), "target": str(archive / "a.bin")}, storage=storage, cancelled=write_on
        )
    assert _left(archive) == []


def test_it_writes_only_below_the_roots_and_in_its_own_storage(
    source: Path, archive: Path, storage: Path, tmp_path: Path
) -> None:
    (archive / "link").symlink_to(tmp_path)
    for target in (tmp_path / "x", archive / "link" / "x", archive / ".." / "x", storage / "other" / "x"):
        with pytest.raises(InvalidContent, match=r"files\[0\]\.target: .* may write to"):
            transfer({"source": source.as_uri(), "target": str(target)}, storage=storage)
    own = storage / "default" / "kept" / "a.bin"
    transfer({"source": source.as_uri(), "target": own.as_uri()}, storage=storage)
    assert own.read_bytes() == CONTENT


def test_it_gives_no_file_the_name_of_a_part(source: Path, archive: Path, storage: Path) -> None:
    with pytest.raises(InvalidContent, match=r"files\[0\]\.target: '\.incoming-1-2' begins with"):
        transfer({"source": source.as_uri(), "target": str(archive / ".incoming-1-2")}, storage=storage)
    assert _left(archive) == []


def test_it_copies_nothing_when_one_target_is_not_allowed(source: Path, archive: Path, storage: Path) -> None:
    good = {"source": source.as_uri(), "target": str(archive / "a.bin")}
    with pytest.raises(InvalidContent):
        transfer(good, good | {"target": "/etc/a.bin"}, storage=storage)
    assert _left(archive) == []


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        ({"source": "/etc/hostname"}, "outside the folders this worker may read"),
        ({"source": "ftp://host/a"}, "has protocol 'ftp', allowed are: file, memory .TRANSFER_PROTOCOLS"),
        ({"source": "memory::file:///etc/hostname"}, "has protocol 'memory', allowed"),
        ({"source": "memory://none"}, "'memory://none' cannot be had"),
        ({"source": "memory://"}, "it is a folder"),
        ({"checksum": "ab"}, "sha256 has 64 hexadecimal digits"),
        ({"algorithm": "crc"}, r"files\[0\]\.algorithm: 'crc' is no known digest"),
        ({"size": -1}, r"files\[0\]\.size"),
    ],
)
@pytest.mark.usefixtures("memory")
def test_it_refuses(source: Path, archive: Path, storage: Path, order: dict[str, Any], reason: str) -> None:
    with pytest.raises(InvalidContent, match=reason):
        transfer({"source": source.as_uri(), "target": str(archive / "a.bin")} | order, storage=storage)
    assert _left(archive) == []


def test_it_refuses_a_file_over_the_limit(
    source: Path, archive: Path, storage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRANSFER_MAX_BYTES", "1000")
    with pytest.raises(InvalidContent, match=r"has 9437184 bytes, 1000 are allowed \(TRANSFER_MAX_BYTES\)"):
        transfer({"source": source.as_uri(), "target": str(archive / "a.bin")}, storage=storage)


def test_it_shows_no_password(storage: Path) -> None:
    with pytest.raises(InvalidContent) as caught:
        transfer({"source": "ftp://me:secret@host/a", "target": "/a"}, storage=storage, file_roots=())
    assert "secret" not in caught.value.message
