"""Extracting an archive into an empty folder: every file, or an error."""

import errno
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

from workers.builtin.extract_archive.budget import Budget
from workers.builtin.extract_archive.entry import Entry
from workers.builtin.extract_archive.limits import ExtractLimits
from workers.builtin.extract_archive.tar_archive import gzip_tar_entries, tar_entries
from workers.builtin.extract_archive.zip_archive import zip_entries
from workers.sdk import InvalidContent, RetryLater

_CHUNK: Final = 256 * 1024
_NO_SPACE: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
_DAMAGED: Final = (
    zipfile.BadZipFile,
    tarfile.TarError,
    gzip.BadGzipFile,
    zlib.error,
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
    *, archive: Path, into: Path, limits: ExtractLimits, on_file: Callable[[ExtractedFile], None]
) -> list[ExtractedFile]:
    """Extract every file of an archive below ``into`` and return them sorted by path.

    Raises:
        InvalidContent: the archive is of another format, damaged, hostile, empty or over a limit.
        RetryLater: the disk is full.
    """
    files: list[ExtractedFile] = []
    budget = Budget(limits=limits, archive_size=archive.stat().st_size)
    try:
        with archive.open("rb") as file:
            for entry in _entries_of(file, budget=budget):
                files.append(_write(entry, into=into, budget=budget))
                on_file(files[-1])
    except _DAMAGED as error:
        raise InvalidContent(f"The archive is damaged: {error}") from error
    except OSError as error:
        raise _from_os(error) from error
    if not files:
        raise InvalidContent("The archive holds no file")
    return sorted(files, key=lambda file: str(file.path))


def _entries_of(file: BinaryIO, *, budget: Budget) -> Iterator[Entry]:
    start = file.read(4)
    file.seek(0)
    if start in {b"PK\3\4", b"PK\5\6"}:
        return zip_entries(file, budget=budget)
    if start.startswith(b"\x1f\x8b"):
        return gzip_tar_entries(file, budget=budget)
    return _plain_tar_entries(file, budget=budget)


def _plain_tar_entries(file: BinaryIO, *, budget: Budget) -> Iterator[Entry]:
    header = file.read(tarfile.BLOCKSIZE)
    file.seek(0)
    try:
        tarfile.TarInfo.frombuf(header, encoding="utf-8", errors="surrogateescape")
    except tarfile.TarError as error:
        raise InvalidContent("The file is not a zip, tar or tar.gz archive") from error
    return tar_entries(file, budget=budget)


def _write(entry: Entry, *, into: Path, budget: Budget) -> ExtractedFile:
    target = into / entry.path
    target.parent.mkdir(parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    with target.open("xb") as output:
        while chunk := entry.read(_CHUNK):
            size += len(chunk)
            budget.spend(size=len(chunk), entry_size=size, name=str(entry.path))
            digest.update(chunk)
            output.write(chunk)
    os.utime(target, (entry.modified, entry.modified))
    return ExtractedFile(path=entry.path, size=size, sha256=digest.hexdigest())


def _from_os(error: OSError) -> Exception:
    if error.errno in _NO_SPACE:
        return RetryLater(after=60, reason="No space left to extract the archive")
    # Decoders raise bare OSErrors; those of the system carry a number.
    return InvalidContent(f"The archive is damaged: {error}") if error.errno is None else error
