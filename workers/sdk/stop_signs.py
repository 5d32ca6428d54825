"""Signs that tell running work that nobody awaits its result any more.

A sign is an empty file: it reaches threads and child processes alike, whichever of them runs the work.
"""

import hashlib
from pathlib import Path
from typing import Final, Self

from workers.sdk.config import WorkerConfig

_NAME_LENGTH: Final = 16


class StopSigns:
    """The signs of one worker process, by dispatch id."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

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

    def is_up(self, dispatch_id: str | None) -> bool:
        """Tell whether the work of a dispatch is to stop."""
        return dispatch_id is not None and self._sign(dispatch_id).exists()

    def take_down(self, dispatch_id: str) -> None:
        """Remove a sign that nobody looks at any more."""
        self._sign(dispatch_id).unlink(missing_ok=True)
        if not any(self._folder.iterdir()):
            self._folder.rmdir()

    def _sign(self, dispatch_id: str) -> Path:
        return self._folder / dispatch_id.replace(":", "-")
