"""Signs that tell running work that nobody awaits its result any more.

A sign is an empty file: it reaches threads and child processes alike, whichever of them runs the work. Every
run looks for its own, and to look for a file that is not there costs as much as a run of short work. So a
byte that forked children share with their parent tells whether there is any.
"""

import hashlib
import mmap
from pathlib import Path
from typing import Final, Self

from workers.sdk.config import WorkerConfig

_NAME_LENGTH: Final = 16
#: By folder: whether it holds a sign.
_any_up: dict[Path, mmap.mmap] = {}


class StopSigns:
    """The signs of one worker process, by dispatch id."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._any_up = _any_up.setdefault(folder, mmap.mmap(-1, 1))

    @classmethod
    def of(cls, config: WorkerConfig) -> Self:
        """Return the signs of a process and of its children."""
        # The name of an instance may be anything, that of a folder may not.
        name = hashlib.sha256(config.worker_id.encode()).hexdigest()[:_NAME_LENGTH]
        return cls(config.workdir / f".stopped-{name}")

    def put_up(self, dispatch_id: str) -> None:
        """Tell the work of a dispatch to stop."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._sign(dispatch_id).touch()
        self._any_up[0] = 1

    def is_up(self, dispatch_id: str | None) -> bool:
        """Tell whether the work of a dispatch is to stop."""
        return bool(self._any_up[0]) and dispatch_id is not None and self._sign(dispatch_id).exists()

    def take_down(self, dispatch_id: str) -> None:
        """Remove a sign that nobody looks at any more."""
        self._sign(dispatch_id).unlink(missing_ok=True)
        if not any(self._folder.iterdir()):
            self._folder.rmdir()
            self._any_up[0] = 0

    def _sign(self, dispatch_id: str) -> Path:
        return self._folder / dispatch_id.replace(":", "-")
