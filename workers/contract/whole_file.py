"""Writing a file whole or not at all."""

import os
import secrets
from pathlib import Path


def write_whole(target: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Write a file in one step, in the place of what is there; it is on the disk when this returns.

    Its folder is made if need be. ``mode`` are the rights that it gets, as far as the process's mask allows.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    staged = target.with_name(f".new-{secrets.token_hex(8)}")
    try:
        handle = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        staged.replace(target)
    except BaseException:
        staged.unlink(missing_ok=True)
        raise
    _sync_names(target.parent)


def _sync_names(folder: Path) -> None:
    """Have the name on the disk as well, not the content alone."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
