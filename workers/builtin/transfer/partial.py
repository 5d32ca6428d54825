"""The part of a file that has come: locked, kept for the next attempt, published whole."""

import errno
import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, Final

from workers.builtin.file_digest import digests_of, new_digest
from workers.builtin.full_disk import is_full
from workers.builtin.transfer.terms import TargetTaken
from workers.sdk import InvalidContent, RetryLater

_SECONDS_BEFORE_RETRY: Final = 60
#: File systems that know no hard links say so.
_NO_LINKS: Final = frozenset({errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK})
_PIECE: Final = 1024 * 1024
_INCOMING: Final = ".incoming-"


class Partial:
    """A hidden file beside the target; a running digest goes with it."""

    def __init__(self, file: BinaryIO, path: Path, *, algorithm: str) -> None:
        self._file = file
        self._path = path
        self._algorithm = algorithm
        self._digest = new_digest(algorithm)
        self.size = 0

    @property
    def checksum(self) -> str:
        """Return the digest of what is there."""
        return str(self._digest.hexdigest())

    def reread(self) -> None:
        """Take over what an earlier attempt has left."""
        self._file.seek(0)
        while piece := self._file.read(_PIECE):
            self._digest.update(piece)
            self.size += len(piece)

    def restart(self) -> None:
        """Forget what is there."""
        self._file.truncate(0)
        self._digest, self.size = new_digest(self._algorithm), 0

    def append(self, piece: bytes) -> None:
        """Add a piece.

        Raises:
            RetryLater: the disk is full.
        """
        try:
            self._file.write(piece)
        except OSError as error:
            if is_full(error):
                raise RetryLater(
                    after=_SECONDS_BEFORE_RETRY, reason=f"No space left in {self._path.parent}"
                ) from error
            raise
        self._digest.update(piece)
        self.size += len(piece)

    def discard(self) -> None:
        """Leave nothing behind."""
        self._path.unlink(missing_ok=True)

    def publish(self, target: Path, *, overwrite: bool) -> bool:
        """Make it the target in one step; return whether the same file lay there before.

        Raises:
            TargetTaken: another file lies there, and may not be overwritten.
        """
        os.fsync(self._file.fileno())
        if overwrite:
            self._path.replace(target)
        elif not self._claim(target):
            same = is_same(target, size=self.size, algorithm=self._algorithm, checksum=self.checksum)
            self.discard()
            if not same:
                raise TargetTaken(f"Another file lies at {target}, and overwriting was not asked for")
            return True
        _sync_folder(target.parent)
        return False

    def _claim(self, target: Path) -> bool:
        """Take a free place; a link never replaces a file that appears in the same moment."""
        try:
            os.link(self._path, target)
        except FileExistsError:
            return False
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            if os.path.lexists(target):
                return False
            self._path.replace(target)
            return True
        self._path.unlink()
        return True


@contextmanager
def partial_of(target: Path, *, mark: str, algorithm: str) -> Iterator[Partial]:
    """Yield what has come of one version of a file; no other attempt has it.

    Raises:
        RetryLater: another attempt has it.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    path = target.parent / f"{incoming_prefix(target.name)}{mark}"
    with _locked(path) as file:
        yield Partial(file, path, algorithm=algorithm)
    _remove_leftovers(target)


def is_same(path: Path, *, size: int | None, algorithm: str, checksum: str) -> bool:
    """Tell whether a regular file has this size, if it is known, and digest."""
    if path.is_symlink() or not path.is_file() or size not in {None, path.stat().st_size}:
        return False
    return digests_of(path, algorithms=[algorithm])[algorithm] == checksum


def incoming_prefix(name: str) -> str:
    """Return how the names of all parts of a file begin, beside the place of the file."""
    return f"{_INCOMING}{hashlib.sha256(os.fsencode(name)).hexdigest()[:16]}-"


def check_name(name: str, *, field: str) -> None:
    """Refuse the name of a target that another transfer could take for a part of its own.

    Raises:
        InvalidContent: it is called like one.
    """
    if name.startswith(_INCOMING):
        raise InvalidContent(f"{field}: {name!r} begins with {_INCOMING!r}, as files on their way do")


@contextmanager
def _locked(path: Path) -> Iterator[Any]:
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, 0o666), "a+b", buffering=0) as file:
        if not _lock(file) or not _is_still_there(file, path):
            raise RetryLater(after=_SECONDS_BEFORE_RETRY, reason="Another attempt is bringing the same file")
        yield file


def _lock(file: Any) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_still_there(file: Any, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.lstat())
    except FileNotFoundError:
        return False


def _remove_leftovers(target: Path) -> None:
    """Remove what came of other versions of the file, unless somebody is at it."""
    for path in target.parent.glob(f"{incoming_prefix(target.name)}*"):
        with suppress(OSError), path.open("rb") as file:
            if _lock(file):
                path.unlink()


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
