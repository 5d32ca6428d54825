"""Reading tar archives from strangers, plain or compressed with gzip."""

import gzip
import math
import tarfile
from collections.abc import Iterator
from typing import BinaryIO, Final

from workers.builtin.extract_archive.budget import Budget
from workers.builtin.extract_archive.entry import Entry
from workers.builtin.extract_archive.entry_names import EntryNames
from workers.sdk import InvalidContent

#: Largest single read: entry data comes in smaller pieces, only extended headers are read whole.
MAX_READ: Final = 1024 * 1024
_LATEST: Final = 2**32 - 1


class MeteredStream:
    """A tar stream that refuses to be read too far, too much at once, or backwards beyond its start."""

    def __init__(self, stream: BinaryIO, *, budget: Budget) -> None:
        self._stream = stream
        self._ceiling = budget.stream_ceiling()

    def read(self, size: int = -1) -> bytes:
        """Read exactly as asked, within the limits.

        Raises:
            InvalidContent: the read is unbounded or larger than any honest header.
        """
        if not 0 <= size <= MAX_READ:
            raise InvalidContent(f"The archive has a header of {size} bytes, {MAX_READ} are allowed")
        self._check(self._stream.tell() + size)
        return self._stream.read(size)

    def seek(self, position: int) -> int:
        """Move to an absolute position.

        Raises:
            InvalidContent: the position is negative or beyond what may be decompressed.
        """
        if position < 0:
            raise InvalidContent("The archive has an entry of negative size")
        self._check(position)
        return self._stream.seek(position)

    def tell(self) -> int:
        """Return the position in decompressed bytes."""
        return self._stream.tell()

    def drain(self) -> None:
        """Read to the end, so that a checksum after the archive is verified."""
        while self.read(MAX_READ):
            pass

    def _check(self, position: int) -> None:
        if position > self._ceiling + MAX_READ:
            raise InvalidContent(
                f"The archive expands beyond {self._ceiling} bytes, the limit by size and ratio"
            )


def gzip_tar_entries(file: BinaryIO, *, budget: Budget) -> Iterator[Entry]:
    """Yield the files of a tar.gz archive; each must be read before the next.

    Raises:
        InvalidContent: the archive breaks a rule.
        tarfile.TarError, EOFError, OSError, zlib.error: it is damaged.
    """
    with gzip.GzipFile(fileobj=file, mode="rb") as stream:
        yield from _entries(MeteredStream(stream, budget=budget), budget=budget)  # type: ignore[arg-type]


def tar_entries(file: BinaryIO, *, budget: Budget) -> Iterator[Entry]:
    """Yield the files of a plain tar archive; each must be read before the next.

    Raises:
        InvalidContent: the archive breaks a rule.
        tarfile.TarError: it is damaged.
    """
    yield from _entries(MeteredStream(file, budget=budget), budget=budget)


def _entries(stream: MeteredStream, *, budget: Budget) -> Iterator[Entry]:
    names = EntryNames()
    declared = 0
    # The library only asks for read, seek and tell.
    with tarfile.open(fileobj=stream, mode="r:", encoding="utf-8") as archive:  # type: ignore[call-overload]
        for member in archive:
            budget.count_entry()
            _check_member(member)
            if member.isdir():
                names.accept_folder(member.name)
                continue
            path = names.accept_file(member.name)
            declared += member.size
            budget.check_declared(total=declared)
            data = archive.extractfile(member)
            yield Entry(path=path, modified=_modified(member), read=data.read)
        _check_end(stream, position=archive.offset)


def _check_member(member: tarfile.TarInfo) -> None:
    if member.size < 0:
        raise InvalidContent(f"Entry {member.name!r} has a negative size")
    if member.isdir() or (member.isreg() and not member.issparse()):
        return
    kinds = {
        tarfile.SYMTYPE: "a symbolic link",
        tarfile.LNKTYPE: "a hard link",
        tarfile.FIFOTYPE: "a pipe",
        tarfile.CHRTYPE: "a device",
        tarfile.BLKTYPE: "a device",
    }
    what = "a sparse file" if member.issparse() else kinds.get(member.type, "a special file")
    raise InvalidContent(f"Entry {member.name!r} is {what}, only files and folders are extracted")


def _check_end(stream: MeteredStream, *, position: int) -> None:
    """Insist on the end mark: the library takes a damaged header in the middle for the end."""
    stream.seek(position)
    if stream.read(tarfile.BLOCKSIZE) != bytes(tarfile.BLOCKSIZE):
        raise tarfile.ReadError(f"no end mark at byte {position}, the archive is truncated or damaged")
    stream.drain()


def _modified(member: tarfile.TarInfo) -> float:
    seconds = float(member.mtime)
    return min(max(seconds, 0.0), float(_LATEST)) if math.isfinite(seconds) else 0.0
