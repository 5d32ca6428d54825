"""Reading zip archives from strangers."""

import stat
import struct
import zipfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import BinaryIO, Final

from workers.builtin.extract_archive.budget import Budget
from workers.builtin.extract_archive.entry import Entry
from workers.builtin.extract_archive.entry_names import EntryNames
from workers.sdk import InvalidContent

#: LZMA is left out: its header decides how much memory the decoder takes.
_METHODS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2})
_ENCRYPTED: Final = 0x1 | 0x40 | 0x2000
_END = struct.Struct("<4s4H2LH")
_END64_LOCATOR = struct.Struct("<4sLQL")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCAL = struct.Struct("<4s5H3L2H")
_MAX_COMMENT: Final = 0xFFFF
#: Bytes of central directory per allowed entry, and for few entries.
_DIRECTORY_PER_ENTRY: Final = 512
_DIRECTORY_MINIMUM: Final = 64 * 1024


def zip_entries(file: BinaryIO, *, budget: Budget) -> Iterator[Entry]:
    """Yield the files of a zip archive, in the order of its directory; each must be read before the next.

    Raises:
        InvalidContent: the archive breaks a rule.
        zipfile.BadZipFile: it is damaged.
    """
    _check_directory_size(file, budget=budget)
    with zipfile.ZipFile(file) as archive:
        members = archive.infolist()
        budget.check_count(len(members))
        budget.check_declared(total=sum(member.file_size for member in members))
        _check_extents(file, members, end=archive.start_dir)
        names = EntryNames(budget=budget)
        for member in members:
            budget.count_entry()
            _check_member(member)
            # orig_filename: the library cuts a name at its first NUL.
            if member.is_dir():
                names.accept_folder(member.orig_filename)
                continue
            path = names.accept_file(member.orig_filename)
            with archive.open(member) as stream:
                yield Entry(path=path, modified=_modified(member), read=stream.read)


def _check_member(member: zipfile.ZipInfo) -> None:
    name = member.orig_filename
    if member.flag_bits & _ENCRYPTED:
        raise InvalidContent(f"Entry {name!r} is encrypted, which is not supported")
    if member.compress_type not in _METHODS:
        method = member.compress_type
        raise InvalidContent(
            f"Entry {name!r} uses compression method {method}; store, deflate and bzip2 are read"
        )
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
        what = "a symbolic link" if kind == stat.S_IFLNK else "a special file"
        raise InvalidContent(f"Entry {name!r} is {what}, only files and folders are extracted")


def _check_extents(file: BinaryIO, members: Sequence[zipfile.ZipInfo], *, end: int) -> None:
    """Refuse entries that share bytes: a small archive could then expand without limit."""
    free_from = 0
    for member in sorted(members, key=lambda member: member.header_offset):
        start = member.header_offset
        if start < free_from:
            raise InvalidContent(f"Entry {member.orig_filename!r} overlaps another entry")
        file.seek(start)
        header = file.read(_LOCAL.size)
        if len(header) != _LOCAL.size or not header.startswith(b"PK\3\4"):
            raise zipfile.BadZipFile(f"no header for {member.orig_filename!r}")
        name_length, extra_length = _LOCAL.unpack(header)[-2:]
        free_from = start + _LOCAL.size + name_length + extra_length + member.compress_size
    if free_from > end:
        raise InvalidContent("The last entry overlaps the directory of the archive")


def _check_directory_size(file: BinaryIO, *, budget: Budget) -> None:
    """Refuse a huge directory before the library loads it whole."""
    allowed = budget.limits.max_files * _DIRECTORY_PER_ENTRY + _DIRECTORY_MINIMUM
    size = _directory_size(file)
    if size > allowed:
        limit = budget.limits.max_files
        raise InvalidContent(f"The directory of the archive takes {size} bytes, too many for {limit} entries")


def _directory_size(file: BinaryIO) -> int:
    length = file.seek(0, 2)
    tail_start = max(0, length - _END.size - _MAX_COMMENT)
    file.seek(tail_start)
    tail = file.read()
    at = len(tail) - _END.size
    if at < 0 or tail[at : at + 4] != b"PK\5\6" or tail[-2:] != b"\0\0":
        at = tail.rfind(b"PK\5\6")
    if at < 0 or len(tail) - at < _END.size:
        raise zipfile.BadZipFile("no end of directory, the file may be truncated")
    size = int(_END.unpack_from(tail, at)[5])
    return max(size, _directory_size64(file, at=tail_start + at - _END64_LOCATOR.size))


def _directory_size64(file: BinaryIO, *, at: int) -> int:
    """Return what the 64-bit end of directory announces, 0 without one; it lies just before its locator."""
    start = at - _END64.size
    if start < 0:
        return 0
    file.seek(start)
    record = file.read(_END64.size)
    locator = file.read(_END64_LOCATOR.size)
    if not locator.startswith(b"PK\6\7") or not record.startswith(b"PK\6\6"):
        return 0
    return int(_END64.unpack(record)[8])


def _modified(member: zipfile.ZipInfo) -> float:
    try:
        return datetime(*member.date_time, tzinfo=UTC).timestamp()
    except ValueError:
        return datetime(1980, 1, 1, tzinfo=UTC).timestamp()
