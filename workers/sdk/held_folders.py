"""Folders that belong to a process while it lives, and that the next one removes when it was killed.

Note: how a folder is held.
    Beside each lies a file of the same name with ``.lock``, locked by whoever is at work in the folder. The
    system gives a lock back however its process ends: where the lock can be had, the folder was left behind.
    The file is not in the folder, where work could remove it, and it is not the folder itself, for NFS locks
    only what was opened to be written. Where a file system has no locks nothing is held, and nothing is taken
    for left behind.
"""

import fcntl
import logging
import os
import secrets
import shutil
from pathlib import Path
from types import TracebackType
from typing import Final, Self

#: Name of the folder, in that of each tenant in the storage, with what is not whole yet.
STAGING: Final = ".incoming"
#: How the names of folders of runs begin.
RUNS: Final = "run-"
_LOCK: Final = ".lock"

_log: Final = logging.getLogger(__name__)


class HeldFolder:
    """A new folder, empty at first, that nobody removes but who has made it; `remove` ends that."""

    def __init__(self, parent: Path, *, prefix: str = "") -> None:
        parent.mkdir(parents=True, exist_ok=True)
        self._handle: int | None = None
        while self._handle is None:
            self.path = parent / f"{prefix}{secrets.token_hex(8)}"
            self._handle = _new_lock(_lock_of(self.path))
        self.path.mkdir(mode=0o700)

    def remove(self) -> None:
        """Remove the folder, whatever it holds."""
        if self._handle is not None:
            _remove(self.path)
            os.close(self._handle)
            self._handle = None

    def __enter__(self) -> Self:
        """Begin to use it."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove it."""
        self.remove()


def sweep(*, workdir: Path, storage: Path) -> int:
    """Remove what killed processes have left; return how many folders that were.

    Args:
        workdir: parent of the folders of runs.
        storage: the shared storage, with a folder for each tenant.
    """
    removed = _sweep(workdir, prefix=RUNS)
    removed += sum(_sweep(folder) for folder in storage.glob(f"*/{STAGING}"))
    if removed:
        _log.info(
            "folders of killed processes removed", extra={"action": "workdir.swept", "folders": removed}
        )
    return removed


def _sweep(parent: Path, *, prefix: str = "") -> int:
    return sum(_removed_if_left(lock) for lock in parent.glob(f"{prefix}*{_LOCK}"))


def _removed_if_left(lock: Path) -> bool:
    try:
        handle = os.open(lock, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    # It has just been removed, or belongs to another account.
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    # Somebody is at work, or there are no locks.
    except OSError:
        return False
    else:
        return _remove(lock.with_name(lock.name.removesuffix(_LOCK)))
    finally:
        os.close(handle)


def _new_lock(path: Path) -> int | None:
    """Make a file and lock it; ``None`` when another process, looking for what was left, was faster."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        is_ours = os.fstat(handle).st_nlink > 0
    except BlockingIOError:
        is_ours = False
    except OSError:
        # There are no locks.
        is_ours = True
    if is_ours:
        return handle
    os.close(handle)
    return None


def _lock_of(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}{_LOCK}")


def _remove(folder: Path) -> bool:
    """Remove a folder whose lock this process has; what stays is tried again at the next start."""
    shutil.rmtree(folder, ignore_errors=True)
    if folder.exists():
        _open_up(folder)
        shutil.rmtree(folder, ignore_errors=True)
    gone = not folder.exists()
    if gone:
        _lock_of(folder).unlink(missing_ok=True)
    return gone


def _open_up(folder: Path) -> None:
    """Give back the rights to remove what work has locked up."""
    try:
        folder.chmod(0o700)
        for parent, names, _ in os.walk(folder):
            for name in names:
                path = Path(parent, name)
                if not path.is_symlink():
                    path.chmod(0o700)
    # What belongs to another account stays.
    except OSError:
        return
