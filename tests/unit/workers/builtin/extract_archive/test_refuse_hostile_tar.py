import gzip
import io
import tarfile
import tracemalloc
from pathlib import Path

import pytest

from tests.unit.workers.builtin.extract_archive.archives import (
    SCENE,
    extract,
    member,
    write_gzip,
    write_tar,
    write_tar_members,
)
from workers.sdk import InvalidContent


def _refusal(archive: Path, *, storage: Path) -> str:
    with pytest.raises(InvalidContent) as caught:
        extract(archive, storage=storage)
    assert list(storage.rglob("*")) == []
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "reason"),
    [("../evil", "leaves the folder"), ("/etc/evil", "absolute path"), ("x" * 300, "more than 255 bytes")],
)
@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_it_refuses_unsafe_names(inbox: Path, storage: Path, name: str, reason: str, mode: str) -> None:
    archive = write_tar(inbox / "x.tar", {"ok": b"ok", name: b"evil"}, mode=mode)
    assert reason in _refusal(archive, storage=storage)


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (tarfile.SYMTYPE, "symbolic link"),
        (tarfile.LNKTYPE, "hard link"),
        (tarfile.CHRTYPE, "device"),
        (tarfile.BLKTYPE, "device"),
        (tarfile.FIFOTYPE, "pipe"),
    ],
)
def test_it_refuses_links_devices_and_pipes(inbox: Path, storage: Path, kind: bytes, reason: str) -> None:
    members = [(member("ok", 2), b"ok"), (member("bad", type=kind, linkname="/etc/passwd"), b"")]
    assert reason in _refusal(write_tar_members(inbox / "x.tar", members), storage=storage)


def test_it_refuses_a_write_through_a_link(inbox: Path, storage: Path) -> None:
    members = [(member("a", type=tarfile.SYMTYPE, linkname="/tmp"), b""), (member("a/evil", 1), b"e")]  # noqa: S108
    assert "symbolic link" in _refusal(write_tar_members(inbox / "x.tar", members), storage=storage)


def test_it_refuses_a_sparse_file(inbox: Path, storage: Path) -> None:
    archive = write_tar_members(inbox / "x.tar", [(member("holes", type=tarfile.GNUTYPE_SPARSE), b"")])
    assert "sparse" in _refusal(archive, storage=storage)


def test_it_refuses_duplicate_names(inbox: Path, storage: Path) -> None:
    archive = write_tar_members(inbox / "x.tar", [(member("a", 1), b"1"), (member("./a", 1), b"2")])
    assert "appears twice" in _refusal(archive, storage=storage)


def test_it_refuses_names_that_are_not_utf8(inbox: Path, storage: Path) -> None:
    archive = inbox / "x.tar"
    with tarfile.open(archive, "w", format=tarfile.GNU_FORMAT, encoding="latin-1") as tar:
        tar.addfile(member("caf\xe9", 1), io.BytesIO(b"1"))
    assert "not valid UTF-8" in _refusal(archive, storage=storage)


def test_it_refuses_too_many_entries(inbox: Path, storage: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXTRACT_MAX_FILES", "2")
    assert "more than 2 entries" in _refusal(write_tar(inbox / "x.tar", SCENE), storage=storage)


def test_it_refuses_a_bomb_by_its_ratio(inbox: Path, storage: Path) -> None:
    archive = write_tar(inbox / "x.tgz", {"zeros": bytes(20 * 1024 * 1024)}, mode="w:gz")
    assert "more than 200 times its size" in _refusal(archive, storage=storage)


def test_it_refuses_an_announced_size_over_the_limit(
    inbox: Path, storage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXTRACT_MAX_BYTES", "1000")
    archive = write_tar(inbox / "x.tar", {"a": b"a" * 600, "b": b"b" * 600})
    assert "announces 1200 bytes" in _refusal(archive, storage=storage)


def test_it_refuses_a_header_that_would_fill_the_memory(inbox: Path, storage: Path) -> None:
    pax = member("pax", 50 * 1024 * 1024, type=tarfile.XHDTYPE)
    archive = write_gzip(inbox / "x.tgz", pax.tobuf() + bytes(50 * 1024 * 1024))
    assert "header of" in _refusal(archive, storage=storage)


def _extended(kind: bytes, **fields: str) -> bytes:
    """Return a header that says more of the next entry, or of all that follow."""
    records = b"".join(
        f"{len(key) + len(text) + 10:07} {key}={text}\n".encode() for key, text in fields.items()
    )
    padding = bytes(-len(records) % tarfile.BLOCKSIZE)
    return member("extended", len(records), type=kind).tobuf() + records + padding


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        (_extended(tarfile.XHDTYPE, a="x" * 600_000) * 2, "header of"),
        (_extended(tarfile.XGLTYPE, a="x" * 40_000) + _extended(tarfile.XGLTYPE, b="x" * 40_000), "global"),
        # Python before 3.11.10 would not come to an end with these.
        (_extended(tarfile.XHDTYPE, a="1" * 1_000_000), "digits side by side"),
    ],
)
def test_it_refuses_headers_that_are_too_much_together(
    inbox: Path, storage: Path, headers: bytes, reason: str
) -> None:
    plain = write_tar(inbox / "x.tar", {"a": b"a"}).read_bytes()
    assert reason in _refusal(write_gzip(inbox / "x.tgz", headers + plain), storage=storage)


def test_it_forgets_the_headers_of_entries_that_are_done(inbox: Path, storage: Path) -> None:
    entries = [(member(f"f{number}", pax_headers={"a": "x" * 1_000_000}), b"") for number in range(30)]
    archive = write_tar_members(inbox / "x.tgz", entries, mode="w:gz")
    tracemalloc.start()
    extract(archive, storage=storage)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 15_000_000


def test_it_refuses_names_that_need_too_many_folders(
    inbox: Path, storage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXTRACT_MAX_FILES", "300")
    names = [f"{number}/" + "a/" * 200 + "b" for number in range(2)]
    archive = write_tar(inbox / "x.tar", dict.fromkeys(names, b""))
    assert "more than 300 entries" in _refusal(archive, storage=storage)


def test_it_refuses_endless_zeros_after_the_archive(
    inbox: Path, storage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXTRACT_MAX_FILES", "10")
    plain = write_tar(inbox / "x.tar", {"a": b"a"}).read_bytes()
    archive = write_gzip(inbox / "x.tgz", plain + bytes(30 * 1024 * 1024))
    assert "expands beyond" in _refusal(archive, storage=storage)


def test_it_refuses_a_negative_size(inbox: Path, storage: Path) -> None:
    header = bytearray(member("a", 0).tobuf(tarfile.GNU_FORMAT))
    header[124:136] = b"\xff" * 12
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    (inbox / "x.tar").write_bytes(bytes(header) + bytes(1024))
    assert "negative size" in _refusal(inbox / "x.tar", storage=storage)


@pytest.mark.parametrize("mode", ["w", "w:gz"])
@pytest.mark.parametrize("kept", [0.95, 0.6, 0.3])
def test_it_refuses_a_truncated_tar(inbox: Path, storage: Path, mode: str, kept: float) -> None:
    content = {f"{name}": name.encode() * 900 for name in "abcdefghijkl"}
    archive = write_tar(inbox / "x.tar", content, mode=mode)
    whole = archive.read_bytes().rstrip(b"\0")
    archive.write_bytes(whole[: int(len(whole) * kept)])
    assert "damaged" in _refusal(archive, storage=storage)


def test_it_refuses_a_tar_cut_between_two_entries(inbox: Path, storage: Path) -> None:
    archive = write_tar(inbox / "x.tar", {"a": b"a" * 512, "b": b"b" * 512})
    archive.write_bytes(archive.read_bytes()[:1024])
    assert "truncated" in _refusal(archive, storage=storage)


def test_it_refuses_a_damaged_header_in_the_middle(inbox: Path, storage: Path) -> None:
    archive = write_tar(inbox / "x.tar", {"a": b"a" * 512, "b": b"b" * 512})
    content = bytearray(archive.read_bytes())
    content[1030] ^= 0xFF
    archive.write_bytes(content)
    assert "damaged" in _refusal(archive, storage=storage)


def test_it_refuses_a_wrong_gzip_checksum(inbox: Path, storage: Path) -> None:
    content = bytearray(write_tar(inbox / "x.tgz", SCENE, mode="w:gz").read_bytes())
    content[-6] ^= 0xFF
    (inbox / "x.tgz").write_bytes(content)
    assert "damaged" in _refusal(inbox / "x.tgz", storage=storage)


@pytest.mark.parametrize("name", ["x.tar.gz", "x.TGZ"])
def test_it_refuses_gzip_that_is_named_as_a_tar_and_holds_none(inbox: Path, storage: Path, name: str) -> None:
    (inbox / name).write_bytes(gzip.compress(b"only text"))
    assert "damaged" in _refusal(inbox / name, storage=storage)
