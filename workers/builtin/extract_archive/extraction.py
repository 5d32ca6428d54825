"""Extracting an archive into an empty folder: every file, or an error."""

import gzip
import hashlib
import os
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Final

from backports import zstd

from workers.builtin.extract_archive.budget import Budget
from workers.builtin.extract_archive.compressed_archive import GZIP, ZSTD, compressed_entries
from workers.builtin.extract_archive.entry import Entry
from workers.builtin.extract_archive.limits import ExtractLimits
from workers.builtin.extract_archive.metered_stream import MeteredStream
from workers.builtin.extract_archive.tar_archive import is_tar, tar_entries
from workers.builtin.extract_archive.zip_archive import zip_entries
from workers.builtin.full_disk import is_full
from workers.sdk import InvalidContent, RetryLater

_CHUNK: Final = 256 * 1024
_DAMAGED: Final = (
    zipfile.BadZipFile,
    tarfile.TarError,
    gzip.BadGzipFile,
    zlib.error,
    zstd.ZstdError,
    EOFError,
    # What the libraries raise on damaged headers.
    ValueError,
    OverflowError,
    NotImplementedError,
    RecursionError,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractedFile:
    """A file as it was written."""

    path: PurePosixPath
    size: int
    sha256: str


def extract(
    *,
    archive: Path,
    name: str,
    into: Path,
    limits: ExtractLimits,
    on_file: Callable[[ExtractedFile], None],
    on_piece: Callable[[], object],
) -> list[ExtractedFile]:
    """Extract every file of an archive below ``into`` and return them sorted by path.

    ``name`` is what whoever sent the archive calls it. ``on_file`` hears of each file, ``on_piece`` is called
    again and again meanwhile; both may end the extraction by raising.

    Raises:
        InvalidContent: the archive is of another format, damaged, hostile, empty or over a limit.
        RetryLater: the disk is full.
    """
    files: list[ExtractedFile] = []
    state = archive.stat()
    budget = Budget(limits=limits, archive_size=state.st_size)
    try:
        with archive.open("rb") as file:
            for entry in _entries_of(file, name=name, modified=state.st_mtime, budget=budget):
                files.append(_write(entry, into=into, budget=budget, on_piece=on_piece))
                on_file(files[-1])
    except _DAMAGED as error:
        raise InvalidContent(f"The archive is damaged: {error}") from error
    except OSError as error:
        raise _from_os(error) from error
    if not files:
        raise InvalidContent("The archive holds no file")
    return sorted(files, key=lambda file: str(file.path))


def _entries_of(file: BinaryIO, *, name: str, modified: float, budget: Budget) -> Iterator[Entry]:
    start = file.read(tarfile.BLOCKSIZE)
    file.seek(0)
    if start.startswith((b"PK\3\4", b"PK\5\6")):
        return zip_entries(file, budget=budget)
    if start.startswith((GZIP, ZSTD)):
        return compressed_entries(file, name=name, modified=modified, budget=budget)
    if is_tar(start):
        return tar_entries(MeteredStream(file, budget=budget), budget=budget)
    raise InvalidContent("The file is no zip, tar, gzip or zstd archive")


def _write(entry: Entry, *, into: Path, budget: Budget, on_piece: Callable[[], object]) -> ExtractedFile:
    target = into / entry.path
    target.parent.mkdir(parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    with target.open("xb") as output:
        while chunk := entry.read(_CHUNK):
            size += len(chunk)
            on_piece()
            budget.spend(size=len(chunk), entry_size=size, name=str(entry.path))
            digest.update(chunk)
            output.write(chunk)
    os.utime(target, (entry.modified, entry.modified))
    return ExtractedFile(path=entry.path, size=size, sha256=digest.hexdigest())


def _from_os(error: OSError) -> Exception:
    if is_full(error):
        return RetryLater(after=60, reason="No space left to extract the archive")
    # Decoders raise bare OSErrors; those of the system carry a number.
    return InvalidContent(f"The archive is damaged: {error}") if error.errno is None else error
