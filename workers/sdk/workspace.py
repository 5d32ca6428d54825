"""The folder of one run."""

import os
import shutil
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self


class Workspace:
    """A folder that is made when it is first asked for, and removed when the run ends.

    Work that needs no folder pays nothing for it.
    """

    def __init__(self, *, parent: Path) -> None:
        self._parent = parent
        self._folder: Path | None = None

    def folder(self) -> Path:
        """Return the folder; it is new and empty at the first call."""
        if self._folder is None:
            self._parent.mkdir(parents=True, exist_ok=True)
            self._folder = Path(tempfile.mkdtemp(prefix="run-", dir=self._parent))
        return self._folder

    def __enter__(self) -> Self:
        """Begin the run."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove the folder, whatever it holds."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
        if self._folder is not None and self._folder.exists():
            _open_up(self._folder)
            shutil.rmtree(self._folder, ignore_errors=True)


def _open_up(folder: Path) -> None:
    """Give back the rights to remove what work has locked up."""
    folder.chmod(0o700)
    for parent, names, _ in os.walk(folder):
        for name in names:
            path = Path(parent, name)
            if not path.is_symlink():
                path.chmod(0o700)
