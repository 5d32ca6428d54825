"""Reading tar archives from strangers."""

import math
import tarfile
from collections.abc import Iterator
from typing import Any, Final

from workers.builtin.extract_archive.budget import Budget
from workers.builtin.extract_archive.entry import Entry
from workers.builtin.extract_archive.entry_names import EntryNames
from workers.builtin.extract_archive.metered_stream import MeteredStream
from workers.sdk import InvalidContent

_LATEST: Final = 2**32 - 1
#: Characters of headers that hold for all entries that follow.
_MOST_FOR_ALL: Final = 64 * 1024


def tar_entries(stream: MeteredStream, *, budget: Budget) -> Iterator[Entry]:
    """Yield the files of a tar archive; each must be read before the next.

    Raises:
        InvalidContent: the archive breaks a rule.
        tarfile.TarError: it is damaged.
    """
    names = EntryNames(budget=budget)
    declared = 0
    with _opened(stream) as archive:
        for member in _members(archive, stream=stream):
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


def is_tar(start: bytes) -> bool:
    """Tell whether a file that starts like this is a tar archive that holds something."""
    try:
        tarfile.TarInfo.frombuf(start, encoding="utf-8", errors="surrogateescape")
    except tarfile.TarError:
        return False
    return True


def _opened(stream: MeteredStream) -> Any:
    with stream.reading_headers():
        # The library only asks for read, seek and tell.
        return tarfile.open(fileobj=stream, mode="r:", encoding="utf-8")  # type: ignore[call-overload]


def _members(archive: Any, *, stream: MeteredStream) -> Iterator[tarfile.TarInfo]:
    """Yield what an archive holds, one after the other: the library would keep the headers of all."""
    while True:
        with stream.reading_headers():
            member = archive.next()
        archive.members.clear()
        if member is None:
            return
        if sum(len(key) + len(value) for key, value in archive.pax_headers.items()) > _MOST_FOR_ALL:
            raise InvalidContent(f"The archive has global headers of more than {_MOST_FOR_ALL} characters")
        yield member


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
