"""Measures of several processes of one server, added up.

Note: slots.
    The web server and the jobs' worker are a main process and children. Whichever child is asked must tell
    the measures of all, so each writes its own to a file in a folder of this server, and all files are read.
    The library would make a file per process id: files of children that ended pile up for ever, or what they
    counted is lost with them. Here a child takes the first free slot and goes on with the figures that the
    last holder left: as many files as children at one time, and counters that never go back. A slot is a file
    lock, so that a killed process gives it back as well; so is the folder, which the next start removes when
    its server is dead.
"""

import fcntl
import itertools
import os
import shutil
import tempfile
from pathlib import Path
from typing import IO, Final

from prometheus_client import values

#: Held by a server and its children while one of them lives.
_LOCK: Final = "server.lock"
#: Held while a server starts.
_START: Final = "start.lock"


class Slots:
    """The folder of a server, and the slot of this process in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.main = os.getpid()
        self._server: IO[bytes] = _locked(folder / _LOCK)
        self._owner = 0
        self._held: IO[bytes] | None = None
        self._number = -1

    def number(self) -> int:
        """Return the number of this process's slot; a child that was forked takes one of its own."""
        if self._owner != os.getpid():
            self._take()
        return self._number

    def _take(self) -> None:
        if self._held is not None:
            # A copy of our parent's, which keeps the slot.
            self._held.close()
        self._owner = os.getpid()
        for number in itertools.count():
            try:
                self._held = _locked(self.folder / f"{number}.slot")
            except BlockingIOError:
                continue
            self._number = number
            return


_shared: list[Slots] = []


def share(*, folder: Path, server: str) -> Path:
    """Let this process and its children to come write their measures to a folder of their own; return it.

    Call it before anything is measured.

    Args:
        folder: where the folders of all servers of this machine are; those of dead servers are removed.
        server: name of this kind of server.
    """
    if not _shared:
        folder.mkdir(parents=True, exist_ok=True)
        with _locked(folder / _START, wait=True):
            _remove_dead(folder)
            slots = Slots(Path(tempfile.mkdtemp(prefix=f"{server}-", dir=folder)))
        # The library reads this variable itself, at each new file.
        os.environ |= {"PROMETHEUS_MULTIPROC_DIR": str(slots.folder)}
        values.ValueClass = values.MultiProcessValue(slots.number)  # type: ignore[no-untyped-call] # not typed by the library
        _shared.append(slots)
    return _shared[-1].folder


def shared_folder() -> Path | None:
    """Return the folder that this process shares with others; ``None`` when it measures for itself."""
    return _shared[-1].folder if _shared else None


def main_process() -> int:
    """Return the process id of the server that this process belongs to: its own, or its parent's."""
    return _shared[-1].main if _shared else os.getpid()


def _remove_dead(folder: Path) -> None:
    for lock in folder.glob(f"*/{_LOCK}"):
        try:
            with _locked(lock):
                shutil.rmtree(lock.parent, ignore_errors=True)
        except BlockingIOError:
            continue


def _locked(path: Path, *, wait: bool = False) -> IO[bytes]:
    """Lock a file, made when missing, for as long as it is open here or in a child.

    Raises:
        BlockingIOError: another process holds it, and we were not to wait.
    """
    file = path.open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise
    return file
