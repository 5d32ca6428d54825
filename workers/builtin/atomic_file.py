"""Publishing a finished file: whole or not at all."""

import errno
import os
import shutil
from pathlib import Path

from workers.sdk.held_folders import HeldFolder


def publish(path: Path, *, target: Path, staging: Path) -> None:
    """Move a file to ``target`` in one step, also from another file system; what lies there is replaced.

    ``staging`` is a folder on the file system of the target, for what is not whole yet.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with HeldFolder(staging) as held:
        staged = held.path / target.name
        move(path, staged)
        staged.replace(target)


def move(path: Path, target: Path) -> None:
    """Move a file, also from another file system; when this returns, it is on the disk."""
    try:
        path.replace(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        copy(path, target)
    else:
        _sync(target)


def copy(path: Path, target: Path) -> None:
    """Copy the content of a file; when this returns, it is on the disk."""
    shutil.copyfile(path, target)
    _sync(target)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
