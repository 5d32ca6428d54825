"""Publishing a finished file: whole or not at all."""

import errno
import os
import shutil
import uuid
from pathlib import Path


def publish(path: Path, *, target: Path) -> None:
    """Move a file to ``target`` in one step, also from another file system; what lies there is replaced."""
    target.parent.mkdir(parents=True, exist_ok=True)
    staged = target.parent / f".incoming-{uuid.uuid4().hex}"
    try:
        _move(path, staged)
        staged.replace(target)
    finally:
        staged.unlink(missing_ok=True)


def _move(path: Path, staged: Path) -> None:
    try:
        path.rename(staged)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        shutil.copyfile(path, staged)
    handle = os.open(staged, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
