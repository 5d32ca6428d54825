import stat
import struct
import zipfile
from pathlib import Path

import pytest

from tests.unit.workers.builtin.extract_archive.archives import SCENE, extract, write_zip
from workers.sdk import InvalidContent

LONG = "x" * 256


def _refusal(archive: Path, *, storage: Path) -> str:
    with pytest.raises(InvalidContent) as caught:
        extract(archive, storage=storage)
    assert list(storage.rglob("*")) == []
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../evil", "leaves the folder"),
        ("a/../../evil", "leaves the folder"),
        ("a/..", "leaves the folder"),
        ("/etc/evil", "absolute path"),
        ("C:/evil", "absolute path"),
        ("..\\evil", "backslash"),
        ("a\nb", "control character"),
        ("a\u202egnp.exe", "control character"),
        (LONG, "more than 255 bytes"),
        ("/".join(["x" * 200] * 6), "more than 1024 bytes"),
        (".", "no name"),
    ],
)
def test_it_refuses_unsafe_names(inbox: Path, storage: Path, name: str, reason: str) -> None:
    assert reason in _refusal(write_zip(inbox / "x.zip", {"ok": b"ok", name: b"evil"}), storage=storage)


def test_it_refuses_a_name_with_a_nul(inbox: Path, storage: Path) -> None:
    archive = write_zip(inbox / "x.zip", {"a.tif_.exe": b"a"})
    archive.write_bytes(archive.read_bytes().replace(b"a.tif_.exe", b"a.tif\0.exe"))
    assert "control character" in _refusal(archive, storage=storage)


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (["a", "a"], "appears twice"),
        (["a/b", "a//./b"], "appears twice"),
        (["\u00e9", "e\u0301"], "appears twice"),
        (["a", "a/b"], "also a file"),
        (["a/b", "a"], "both a file and a folder"),
        (["a", "a/"], "also a file"),
    ],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_it_refuses_names_that_collide(inbox: Path, storage: Path, names: list[str], reason: str) -> None:
    with zipfile.ZipFile(inbox / "x.zip", "w") as archive:
        for name in names:
            archive.writestr(zipfile.ZipInfo(name), b"")
    assert reason in _refusal(inbox / "x.zip", storage=storage)


@pytest.mark.parametrize(
    ("mode", "reason"),
    [(stat.S_IFLNK, "symbolic link"), (stat.S_IFCHR, "special file"), (stat.S_IFIFO, "special file")],
)
def test_it_refuses_links_and_devices(inbox: Path, storage: Path, mode: int, reason: str) -> None:
    info = zipfile.ZipInfo("link")
    info.external_attr = (mode | 0o777) << 16
    with zipfile.ZipFile(inbox / "x.zip", "w") as archive:
        archive.writestr(info, "/etc/passwd")
    assert reason in _refusal(inbox / "x.zip", storage=storage)


def test_it_refuses_an_encrypted_zip(inbox: Path, storage: Path) -> None:
    archive = write_zip(inbox / "x.zip", {"secret": b"secret"})
    content = bytearray(archive.read_bytes())
    content[6] |= 1
    content[content.index(b"PK\1\2") + 8] |= 1
    archive.write_bytes(content)
    assert "is encrypted" in _refusal(archive, storage=storage)


def test_it_refuses_a_method_it_does_not_read(inbox: Path, storage: Path) -> None:
    archive = write_zip(inbox / "x.zip", SCENE, method=zipfile.ZIP_LZMA)
    assert "compression method 14" in _refusal(archive, storage=storage)


def test_it_refuses_too_many_entries(inbox: Path, storage: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXTRACT_MAX_FILES", "2")
    assert "more than 2 entries" in _refusal(write_zip(inbox / "x.zip", SCENE), storage=storage)


def test_it_refuses_a_directory_too_large_to_load(
    inbox: Path, storage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXTRACT_MAX_FILES", "1")
    archive = write_zip(inbox / "x.zip", {f"{number:0200}": b"" for number in range(400)})
    assert "directory of the archive takes" in _refusal(archive, storage=storage)


def test_it_refuses_a_bomb_by_its_ratio(inbox: Path, storage: Path) -> None:
    archive = write_zip(inbox / "x.zip", {"zeros": bytes(20 * 1024 * 1024)})
    assert "more than 200 times its size" in _refusal(archive, storage=storage)


def test_it_accepts_small_files_that_compress_well(inbox: Path, storage: Path) -> None:
    assert len(extract(write_zip(inbox / "x.zip", {"zeros": bytes(900_000)}), storage=storage)["files"]) == 1


@pytest.mark.parametrize(
    ("variable", "reason"),
    [("EXTRACT_MAX_BYTES", "announces 2000 bytes"), ("EXTRACT_MAX_ENTRY_BYTES", "limit of one file")],
)
def test_it_refuses_too_many_bytes(
    inbox: Path, storage: Path, monkeypatch: pytest.MonkeyPatch, variable: str, reason: str
) -> None:
    monkeypatch.setenv(variable, "999")
    archive = write_zip(inbox / "x.zip", {"a": b"a" * 1000, "b": b"b" * 1000})
    assert reason in _refusal(archive, storage=storage)


def test_it_does_not_trust_the_size_in_the_headers(inbox: Path, storage: Path) -> None:
    archive = write_zip(inbox / "x.zip", {"a": b"a" * 3000})
    content = archive.read_bytes().replace(struct.pack("<L", 3000), struct.pack("<L", 30))
    archive.write_bytes(content)
    assert "damaged" in _refusal(archive, storage=storage)


def test_it_refuses_overlapping_entries(inbox: Path, storage: Path) -> None:
    archive = write_zip(inbox / "x.zip", {"a": b"a" * 50, "b": b"b" * 50}, method=zipfile.ZIP_STORED)
    content = bytearray(archive.read_bytes())
    second = content.rindex(b"PK\1\2")
    content[second + 42 : second + 46] = struct.pack("<L", 0)
    archive.write_bytes(content)
    assert "overlaps another entry" in _refusal(archive, storage=storage)


@pytest.mark.parametrize("kept", [0.99, 0.5, 0.1])
def test_it_refuses_a_truncated_zip(inbox: Path, storage: Path, kept: float) -> None:
    archive = write_zip(inbox / "x.zip", SCENE)
    content = archive.read_bytes()
    archive.write_bytes(content[: int(len(content) * kept)])
    assert "damaged" in _refusal(archive, storage=storage)


def test_it_refuses_a_wrong_checksum(inbox: Path, storage: Path) -> None:
    archive = write_zip(inbox / "x.zip", {"a": b"content"}, method=zipfile.ZIP_STORED)
    archive.write_bytes(archive.read_bytes().replace(b"content", b"contend"))
    assert "CRC" in _refusal(archive, storage=storage)


def test_it_refuses_an_archive_without_files(inbox: Path, storage: Path) -> None:
    assert "holds no file" in _refusal(write_zip(inbox / "x.zip", {"folder/": b""}), storage=storage)


@pytest.mark.parametrize("content", [b"", b"PK", b"hello", b"II*\0" + bytes(600), b"BZh9" + bytes(600)])
def test_it_refuses_files_of_another_kind(inbox: Path, storage: Path, content: bytes) -> None:
    (inbox / "x.zip").write_bytes(content)
    assert "no zip, tar, gzip or zstd archive" in _refusal(inbox / "x.zip", storage=storage)


def test_it_survives_any_flipped_byte(inbox: Path, storage: Path) -> None:
    whole = write_zip(inbox / "whole.zip", {"a.tif": b"abc" * 20, "b/c.xml": b"<x/>"}).read_bytes()
    outcomes = [_outcome(whole, at=at, inbox=inbox, storage=storage) for at in range(0, len(whole), 3)]
    assert set(outcomes) <= {"extracted", "refused"}
    assert outcomes.count("refused") > len(outcomes) / 4


def _outcome(whole: bytes, *, at: int, inbox: Path, storage: Path) -> str:
    broken = inbox / f"{at}.zip"
    broken.write_bytes(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
    try:
        extract(broken, storage=storage)
    except InvalidContent:
        return "refused"
    return "extracted"
