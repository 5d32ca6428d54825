"""Archives compressed as a whole: one file with gzip or zstd, and tar with zstd."""

import gzip
import os
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from backports import zstd

from tests.unit.workers.builtin.extract_archive.archives import SCENE, extract, member, write_tar
from workers.sdk import InvalidContent

Compress = Callable[[bytes], bytes]

_COMPRESSORS: dict[str, Compress] = {"gz": gzip.compress, "zst": zstd.compress}


@pytest.fixture(params=["gz", "zst"])
def extension(request: pytest.FixtureRequest) -> str:
    """Give each format."""
    return str(request.param)


@pytest.fixture
def compress(extension: str) -> Compress:
    """Give the compressor of the format."""
    return _COMPRESSORS[extension]


def _contents(archive: Path, *, storage: Path) -> dict[str, bytes]:
    answer = extract(archive, storage=storage)
    return {file["path"]: Path(unquote(urlsplit(file["url"]).path)).read_bytes() for file in answer["files"]}


def _refusal(archive: Path, *, storage: Path) -> str:
    with pytest.raises(InvalidContent) as caught:
        extract(archive, storage=storage)
    assert list(storage.rglob("*")) == []
    return str(caught.value)


def test_it_extracts_one_file_under_its_name_with_its_time(
    inbox: Path, storage: Path, extension: str, compress: Compress
) -> None:
    archive = inbox / f"été 1.tif.{extension}"
    pixels = os.urandom(3_000_000)
    archive.write_bytes(compress(pixels))
    os.utime(archive, (1_000_000_000, 1_000_000_000))
    assert _contents(archive, storage=storage) == {"été 1.tif": pixels}
    (written,) = (path for path in storage.rglob("*") if path.is_file())
    assert written.stat().st_mtime == 1_000_000_000


def test_it_extracts_a_tar_whatever_its_name(inbox: Path, storage: Path, compress: Compress) -> None:
    plain = write_tar(inbox / "x.tar", SCENE).read_bytes()
    (inbox / "x.data").write_bytes(compress(plain))
    assert _contents(inbox / "x.data", storage=storage) == SCENE


def test_it_reads_several_frames_as_one(
    inbox: Path, storage: Path, extension: str, compress: Compress
) -> None:
    (inbox / f"a.{extension}").write_bytes(compress(b"first ") + compress(b"second"))
    assert _contents(inbox / f"a.{extension}", storage=storage) == {"a": b"first second"}


@pytest.mark.parametrize("kept", [0.95, 0.5, 0.1])
def test_it_refuses_a_truncated_file(
    inbox: Path, storage: Path, extension: str, compress: Compress, kept: float
) -> None:
    whole = compress(os.urandom(300_000))
    (inbox / f"a.{extension}").write_bytes(whole[: int(len(whole) * kept)])
    assert "damaged" in _refusal(inbox / f"a.{extension}", storage=storage)


def test_it_refuses_damaged_data(inbox: Path, storage: Path, extension: str) -> None:
    options = {int(zstd.CompressionParameter.checksum_flag): 1}
    content = {"gz": gzip.compress(b"a" * 5000), "zst": zstd.compress(b"a" * 5000, options=options)}
    damaged = bytearray(content[extension])
    damaged[-6 if extension == "gz" else -2] ^= 0xFF
    (inbox / f"a.{extension}").write_bytes(damaged)
    assert "damaged" in _refusal(inbox / f"a.{extension}", storage=storage)


def test_it_refuses_a_bomb_by_its_ratio(
    inbox: Path, storage: Path, extension: str, compress: Compress
) -> None:
    (inbox / f"a.{extension}").write_bytes(compress(bytes(20 * 1024 * 1024)))
    assert "more than 200 times its size" in _refusal(inbox / f"a.{extension}", storage=storage)


def test_it_refuses_a_file_over_the_limit(
    inbox: Path, storage: Path, extension: str, compress: Compress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXTRACT_MAX_ENTRY_BYTES", "1000")
    (inbox / f"a.{extension}").write_bytes(compress(bytes(1001)))
    assert "holds more than 1000 bytes" in _refusal(inbox / f"a.{extension}", storage=storage)


def test_it_refuses_a_window_that_would_fill_the_memory(inbox: Path, storage: Path) -> None:
    options = {int(zstd.CompressionParameter.window_log): 30}
    # Compressed in pieces, so that the size is not known and the window is not cut down to it.
    compressor = zstd.ZstdCompressor(options=options)
    (inbox / "a.zst").write_bytes(compressor.compress(b"a") + compressor.flush())
    assert "damaged" in _refusal(inbox / "a.zst", storage=storage)


def test_it_refuses_unsafe_names_of_a_tar(inbox: Path, storage: Path, compress: Compress) -> None:
    plain = write_tar(inbox / "x.tar", {"ok": b"ok", "../evil": b"evil"}).read_bytes()
    (inbox / "x.tar.zst").write_bytes(compress(plain))
    assert "leaves the folder" in _refusal(inbox / "x.tar.zst", storage=storage)


def test_it_refuses_a_header_that_would_fill_the_memory(
    inbox: Path, storage: Path, compress: Compress
) -> None:
    pax = member("pax", 50 * 1024 * 1024, type=b"x")
    (inbox / "x.tar.zst").write_bytes(compress(pax.tobuf() + bytes(5 * 1024 * 1024)))
    assert "header of" in _refusal(inbox / "x.tar.zst", storage=storage)


def test_it_refuses_zstd_that_is_named_as_a_tar_and_holds_none(inbox: Path, storage: Path) -> None:
    (inbox / "x.tar.zst").write_bytes(zstd.compress(b"only text"))
    assert "damaged" in _refusal(inbox / "x.tar.zst", storage=storage)


@pytest.mark.parametrize("name", [".gz", "..gz"])
def test_it_gives_a_file_without_a_name_one(inbox: Path, storage: Path, name: str) -> None:
    (inbox / name).write_bytes(gzip.compress(b"a"))
    assert list(_contents(inbox / name, storage=storage)) == ["content"]
