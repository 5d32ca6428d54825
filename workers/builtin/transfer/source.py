"""Where a transfer reads from: pieces of a file, from the start or from where an earlier attempt ended."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import fsspec

from workers.builtin import web_files
from workers.builtin.shown_url import without_user
from workers.builtin.transfer.failures import reaching
from workers.builtin.transfer.remote import RemoteFile

PIECE: Final = 4 * 1024 * 1024
#: What file systems call the version of a file.
_MARKS: Final = ("ETag", "LastModified", "Last-Modified", "mtime", "modify", "ino")
_PARTIAL_CONTENT: Final = 206


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """What a file system tells about the state of a file."""

    #: ``None`` when it does not say.
    size: int | None
    #: A digest of its marks.
    mark: str
    #: Whether two versions of the file can be told apart.
    sure: bool


def local_file(path: Path) -> RemoteFile:
    """Return a local file as one of fsspec's."""
    return RemoteFile(
        url=path.as_uri(), protocol="file", filesystem=fsspec.filesystem("file"), path=str(path)
    )


def version_of(source: RemoteFile, *, field: str) -> Version:
    """Ask for the present state of a file.

    Raises:
        InvalidContent: it is not there, or no file.
        RetryLater: the server does not answer.
    """
    with reaching(source.url, field=field):
        source.filesystem.invalidate_cache()
        told = source.filesystem.info(source.path)
        if told.get("type") == "directory":
            raise IsADirectoryError("it is a folder")
    marks = {name: str(told[name]) for name in _MARKS if told.get(name)}
    size = told.get("size")
    text = json.dumps([without_user(source.url), size, marks], sort_keys=True)
    return Version(
        size=size,
        mark=hashlib.sha256(text.encode()).hexdigest()[:16],
        sure=size is not None and bool(marks),
    )


@contextmanager
def opened(source: RemoteFile, *, at: int, field: str) -> Iterator[tuple[int, Iterator[bytes]]]:
    """Yield where reading begins, which is ``at`` or the start, and the pieces from there on.

    Raises:
        InvalidContent: the file is not there any more.
        RetryLater: the server does not answer.
    """
    with reaching(source.url, field=field):
        begins, stream = _stream(source, at=at)
    try:
        yield begins, _pieces(stream, source, field=field)
    finally:
        stream.close()


def _stream(source: RemoteFile, *, at: int) -> tuple[int, Any]:
    if source.protocol in web_files.PROTOCOLS:
        stream = web_files.stream(source.filesystem, source.path, at=at)
        return (at if stream.r.status == _PARTIAL_CONTENT else 0), stream
    stream = source.filesystem.open(source.path, "rb", block_size=PIECE)
    if at:
        stream.seek(at)
    return at, stream


def _pieces(stream: Any, source: RemoteFile, *, field: str) -> Iterator[bytes]:
    while True:
        with reaching(source.url, field=field):
            piece = stream.read(PIECE)
        if not piece:
            return
        yield piece
