"""Copy input files to their places: several at once, tried again, verified."""

import errno
import hashlib
import re
import shutil
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from threading import Event, Lock
from typing import Any, Final

from workers.builtin.full_disk import is_full
from workers.builtin.run_process.order import InputFile
from workers.builtin.shown_url import masked
from workers.processes.job import ProcessFailed

_AT_ONCE: Final = 8
_TRIES: Final = 3
#: Seconds before the second try.
_PAUSE: Final = 0.25
#: Seconds between two looks at whether anybody still wants the files.
_LOOK: Final = 0.5
_PIECE: Final = 1024 * 1024
#: Digests by the number of their hexadecimal digits.
_DIGESTS: Final = {32: "md5", 40: "sha1", 64: "sha256", 128: "sha512"}
_HEXADECIMAL: Final = re.compile(r"[0-9a-fA-F]+")

#: Opens a file to read.
Opened = Callable[[], AbstractContextManager[Any]]


class Refused(ProcessFailed):
    """Whoever has a file has answered, and will answer the same again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """An input file, and where it comes from."""

    file: InputFile
    opened: Opened
    #: How the text begins that says that it could not be had.
    failure: str
    #: Whether another try may go better; on this machine, nothing comes back by itself.
    remote: bool


@dataclass(slots=True, kw_only=True)
class Room:
    """What the input files of an execution may have together, in bytes; threads share it."""

    limit: int
    #: By those that have come so far.
    taken: int = 0
    _sizes: dict[PurePosixPath, int] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def hold(self, file: InputFile, size: int) -> None:
        """Note how much of a file has come; another try begins anew.

        Raises:
            ProcessFailed: all of them have more than they may.
        """
        with self._lock:
            self.taken += size - self._sizes.get(file.path, 0)
            self._sizes[file.path] = size
            if self.taken > self.limit:
                raise ProcessFailed(f"The input files have more than {self.limit} bytes, which is the limit")


class _Unwanted(Exception):
    """Another file has failed, or nobody wants the files any more."""


def fetch(
    sources: Sequence[Source], *, into: Path, room: Room, look: Callable[[], None] = lambda: None
) -> None:
    """Copy or download every file to its place, several at once; each is verified.

    Args:
        sources: what to fetch.
        into: the folder that the paths of the files are relative to.
        room: what they may have together.
        look: called now and then; when it raises, the files are given up.

    Raises:
        ProcessFailed: one of them may not be read, cannot be, or is not what was announced.
    """
    unwanted = Event()
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="input") as pool:
        futures = [pool.submit(_fetch, source, into / source.file.path, room, unwanted) for source in sources]
        try:
            _follow(futures, look)
        finally:
            # Those not begun are not begun any more, and the others end at their next piece.
            unwanted.set()
            pool.shutdown(cancel_futures=True)


def prepare(folder: Path) -> None:
    """Make the folders of an execution: ``input`` and ``output``, both empty."""
    for name in ("input", "output"):
        shutil.rmtree(folder / name, ignore_errors=True)
        (folder / name).mkdir(parents=True)


def _follow(futures: Collection[Future[None]], look: Callable[[], None]) -> None:
    """Wait until all are there; the first failure comes through."""
    waiting = set(futures)
    while waiting:
        done, waiting = wait(waiting, timeout=_LOOK, return_when=FIRST_EXCEPTION)
        for future in done:
            future.result()
        if waiting:
            look()


def _fetch(source: Source, target: Path, room: Room, unwanted: Event) -> None:
    for attempt in range(1, _TRIES + 1):
        try:
            return _copy_verified(source, target, room, unwanted)
        except Refused as error:
            raise _not_fetched(source, error) from error
        except OSError as error:
            # That a server is busy and that it has no such file look the same from here.
            if attempt == _TRIES or not source.remote or is_full(error) or error.errno == errno.EFBIG:
                raise _not_fetched(source, error) from error
            unwanted.wait(_PAUSE * attempt)
    return None


def _not_fetched(source: Source, error: Exception) -> ProcessFailed:
    return ProcessFailed(f"{source.failure} into {source.file.path} : {masked(str(error), source.file.url)}")


def _copy_verified(source: Source, target: Path, room: Room, unwanted: Event) -> None:
    file = source.file
    algorithm = _algorithm(file.checksum)
    digest = hashlib.new(algorithm, usedforsecurity=False) if algorithm else None
    if unwanted.is_set():
        raise _Unwanted
    target.parent.mkdir(parents=True, exist_ok=True)
    with source.opened() as reading, target.open("wb") as writing:
        size = 0
        for piece in _pieces(reading, file, room, unwanted):
            size += len(piece)
            if digest:
                digest.update(piece)
            writing.write(piece)
    if file.size is not None and file.size != size:
        raise ProcessFailed(f"{file.shown} has {size} bytes, {file.size} were announced")
    found = digest.hexdigest() if digest else None
    if file.checksum and found and found != file.checksum.lower():
        raise ProcessFailed(f"{file.shown} has the {algorithm} {found}, {file.checksum} was announced")


def _pieces(reading: Any, file: InputFile, room: Room, unwanted: Event) -> Iterator[bytes]:
    """Yield a file in pieces, as long as somebody wants it and it has no more than it may."""
    size = 0
    while piece := reading.read(_PIECE):
        if unwanted.is_set():
            raise _Unwanted
        size += len(piece)
        if file.size is not None and size > file.size:
            raise ProcessFailed(f"{file.shown} has more bytes than the {file.size} that were announced")
        room.hold(file, size)
        yield piece


def _algorithm(checksum: str | None) -> str | None:
    """Return what a checksum looks like; the contract does not say which it is."""
    if not checksum or not _HEXADECIMAL.fullmatch(checksum):
        return None
    return _DIGESTS.get(len(checksum))
