"""The folder of one run."""

import os
import time
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from workers.sdk.errors import WorkFolderFull
from workers.sdk.held_folders import RUNS, HeldFolder

#: Seconds between two looks at what a folder holds, and how many times as long as a look took.
_LOOK: Final = 0.5
_REST: Final = 20.0


class Workspace:
    """A folder that is made when it is first asked for, and removed when the run ends.

    Work that needs no folder pays nothing for it. ``quota`` is the most that it may hold, in bytes; 0: no
    limit.
    """

    def __init__(self, *, parent: Path, quota: int = 0) -> None:
        self._parent = parent
        self._quota = quota
        self._held: HeldFolder | None = None
        self._next_look = 0.0

    def folder(self) -> Path:
        """Return the folder; it is new and empty at the first call."""
        if self._held is None:
            self._held = HeldFolder(self._parent, prefix=RUNS)
        return self._held.path

    def check(self, *, at: float) -> None:
        """Look whether the folder holds too much, once in a while; ``at`` is a monotonic time.

        Raises:
            WorkFolderFull: it does.
        """
        if not self._quota or self._held is None or at < self._next_look:
            return
        begun = time.monotonic()
        held = _bytes_in(self._held.path)
        # A folder with very many files is looked at less often.
        self._next_look = at + max(_LOOK, _REST * (time.monotonic() - begun))
        if held > self._quota:
            raise WorkFolderFull(
                f"The work folder holds {held} bytes, {self._quota} are allowed (WORKER_WORKDIR_QUOTA_BYTES)"
            )

    def __enter__(self) -> Self:
        """Begin the run."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove the folder, whatever it holds."""
        if self._held is not None:
            self._held.remove()


def _bytes_in(folder: Path) -> int:
    """Return what the files of a folder take on the disk; links are not followed."""
    total, folders = 0, [str(folder)]
    while folders:
        try:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                    else:
                        # A sparse file takes less than its length, and only what it takes can fill a disk.
                        total += entry.stat(follow_symlinks=False).st_blocks * 512
        # What goes while it is looked at takes nothing.
        except FileNotFoundError:
            continue
    return total
