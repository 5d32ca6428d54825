"""Sending a file to another server: it appears there whole, or not at all."""

import math
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

from workers.builtin.file_digest import new_digest
from workers.builtin.shown_url import shown
from workers.builtin.transfer.failures import SECONDS_BEFORE_RETRY, is_forever, reaching
from workers.builtin.transfer.remote import S3, RemoteFile
from workers.builtin.transfer.source import opened, version_of
from workers.builtin.transfer.terms import Announced, TargetTaken, Transferred, Watch
from workers.sdk import InvalidContent, RetryLater

#: Stores where a file appears when all of it is there.
_WHOLE: Final = frozenset({"abfs", "az", "gcs", "gs", "memory"}) | S3
#: Servers where a file is written under another name first.
_RENAMING: Final = frozenset({"ftp", "sftp", "ssh"})
#: What S3 takes a large file in: bytes of a part, more only where a file would have too many of them.
_PART_BYTES: Final = 16 * 1024 * 1024
_MOST_PARTS: Final = 10_000


def check_writable(url: str, *, protocol: str, field: str) -> None:
    """Refuse protocols by which files are only read, and URLs that name a folder.

    Raises:
        InvalidContent: it is such a protocol or URL.
    """
    if protocol not in _WHOLE | _RENAMING:
        choices = ", ".join(sorted(_WHOLE | _RENAMING))
        raise InvalidContent(f"{field}: nothing is written by {protocol}; by these: {choices}")
    if url.endswith("/"):
        raise InvalidContent(f"{field}: {shown(url)!r} names a folder, the place of the file is expected")


def send(
    source: RemoteFile,
    *,
    target: RemoteFile,
    announced: Announced,
    max_bytes: int,
    overwrite: bool,
    watch: Watch,
    field: str,
) -> Transferred:
    """Copy a file to another server.

    Raises:
        InvalidContent: the source is not there or too large.
        RetryLater: one of both does not answer or broke off, or the source changed.
        WrongFile: the source is not what was announced.
        TargetTaken: another file lies at the target.
    """
    version = version_of(source, field=f"{field}source")
    announced.check_size(version.size, max_bytes=max_bytes, name=source.shown)
    if not overwrite and _exists(target, field=field):
        return _found(source, target, announced, watch, field)
    largest = max_bytes if version.size is None else version.size
    with _writing(target, largest=largest, overwrite=overwrite, field=field) as stream:
        copied = _copy(source, stream, target, announced, max_bytes, watch, field)
        if version_of(source, field=f"{field}source") != version:
            raise RetryLater(after=SECONDS_BEFORE_RETRY, reason=f"{source.shown} changed while it was read")
        announced.check(size=copied.size, checksum=copied.checksum, name=source.shown)
    arrived = version_of(target, field=f"{field}target").size
    if arrived != copied.size:
        raise RetryLater(
            after=SECONDS_BEFORE_RETRY,
            reason=f"{target.shown} has {arrived} bytes after {copied.size} were sent",
        )
    return copied


def _exists(target: RemoteFile, *, field: str) -> bool:
    # Not by the question of the same name: for it, a server that does not answer has no file.
    with reaching(target.url, field=f"{field}target"):
        target.filesystem.invalidate_cache()
        try:
            told = target.filesystem.info(target.path)
        except FileNotFoundError as error:
            if not is_forever(error):
                raise
            return False
        if told.get("type") == "directory":
            raise IsADirectoryError("it is a folder")
        return True


def _found(
    source: RemoteFile, target: RemoteFile, announced: Announced, watch: Watch, field: str
) -> Transferred:
    """Compare the file that lies at the target with the source: an earlier attempt may have sent it."""
    there = _summed(target, announced, watch, f"{field}target")
    expected = announced.checksum or _summed(source, announced, watch, f"{field}source").checksum
    if there.checksum != expected:
        raise TargetTaken(f"Another file lies at {target.shown}, and overwriting was not asked for")
    return there


def _summed(file: RemoteFile, announced: Announced, watch: Watch, field: str) -> Transferred:
    digest, size = new_digest(announced.algorithm), 0
    with opened(file, at=0, field=field) as (_, pieces):
        for piece in pieces:
            digest.update(piece)
            size += len(piece)
            watch(size)
    return Transferred(size=size, checksum=digest.hexdigest(), was_there=True)


def _copy(
    source: RemoteFile,
    stream: Any,
    target: RemoteFile,
    announced: Announced,
    max_bytes: int,
    watch: Watch,
    field: str,
) -> Transferred:
    digest, size = new_digest(announced.algorithm), 0
    with opened(source, at=0, field=f"{field}source") as (_, pieces):
        for piece in pieces:
            size += len(piece)
            if size > max_bytes:
                raise InvalidContent(
                    f"{source.shown} has more than {max_bytes} bytes, the limit (TRANSFER_MAX_BYTES)"
                )
            with reaching(target.url, field=f"{field}target"):
                stream.write(piece)
            digest.update(piece)
            watch(size)
    return Transferred(size=size, checksum=digest.hexdigest())


@contextmanager
def _writing(target: RemoteFile, *, largest: int, overwrite: bool, field: str) -> Iterator[Any]:
    """Yield a stream; what is written becomes the target when the block ends well, else nothing does.

    ``largest`` is how many bytes there may be.
    """
    with reaching(target.url, field=f"{field}target"):
        if target.protocol in _WHOLE:
            with target.filesystem.transaction, _whole(target, largest, overwrite=overwrite) as stream:
                yield stream
        else:
            with _renamed(target) as stream:
                yield stream


@contextmanager
def _whole(target: RemoteFile, largest: int, *, overwrite: bool) -> Iterator[Any]:
    options: dict[str, Any] = {"mode": "wb"}
    if target.protocol in S3:
        # Exclusive: the store itself refuses what somebody else has written since we looked.
        options = {
            "mode": "wb" if overwrite else "xb",
            "block_size": max(_PART_BYTES, math.ceil(largest / _MOST_PARTS)),
        }
    stream = target.filesystem.open(target.path, **options)
    try:
        yield stream
    except BaseException:
        # Closing would send what is left, for nothing.
        stream.forced = True
        raise
    finally:
        stream.close()


@contextmanager
def _renamed(target: RemoteFile) -> Iterator[Any]:
    files = target.filesystem
    folder = target.path.rpartition("/")[0]
    incoming = f"{folder}/.incoming-{uuid.uuid4().hex}"
    files.makedirs(folder or "/", exist_ok=True)
    try:
        with files.open(incoming, "wb") as stream:
            yield stream
            size = stream.tell()
        _check_arrived(files, incoming, size=size)
        files.mv(incoming, target.path)
    except BaseException:
        # The connection may be the reason; the name tells what it is.
        with suppress(Exception):
            files.rm_file(incoming)
        raise


def _check_arrived(files: Any, path: str, *, size: int) -> None:
    files.invalidate_cache()
    arrived = files.info(path)["size"]
    if arrived != size:
        raise OSError(f"{arrived} of {size} bytes have arrived")
