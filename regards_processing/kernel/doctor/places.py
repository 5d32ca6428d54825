"""What the doctor asks the file system."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

from django.conf import settings

from regards_processing.kernel.audit.actors import command_actor
from regards_processing.kernel.doctor.checks import Check
from regards_processing.kernel.doctor.findings import Finding, failed, ok, warning

#: Share of the minimum below which nothing can work any more.
_NEARLY_FULL: Final = 0.1
#: Share of free inodes below which somebody should look: products are many small files.
_FEW_INODES: Final = 0.01
_GIB: Final = 1024**3


def storage(_at: datetime) -> Iterator[Finding]:
    """See whether the shared storage can be written."""
    yield from _folder(settings.SHARED_STORAGE, variable="REGARDS_SHARED_STORAGE")


def work(_at: datetime) -> Iterator[Finding]:
    """See whether the folders of this machine can be written; with servers not every machine needs them."""
    tell = failed if settings.EMBEDDED else warning
    yield from _folder(settings.VAR, variable="REGARDS_VAR", tell=tell)
    yield from _folder(settings.WORK_FOLDER, variable="REGARDS_WORKDIR", tell=tell)


def _folder(folder: Path, *, variable: str, tell: Callable[..., Finding] = failed) -> Iterator[Finding]:
    try:
        existing = _existing(folder)
        with tempfile.TemporaryFile(dir=existing) as file:
            file.write(b"doctor")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        yield tell(
            f"{folder} cannot be written by {command_actor().name}: {error.strerror or error}",
            advice=f"Let this user write there, or name another folder in {variable}. Run the doctor as the "
            "user that the processes run as.",
            folder=str(folder),
        )
        return
    free = shutil.disk_usage(existing).free
    least = settings.STORAGE_MIN_FREE
    facts = {"folder": str(folder), "free": free}
    room = f"{free / _GIB:.1f} GiB are free"
    if free < least:
        tell_room = failed if free < least * _NEARLY_FULL else warning
        yield tell_room(
            f"{folder}: only {room}, STORAGE_MIN_FREE_BYTES wants {least / _GIB:.1f} GiB",
            advice="Make room, or move the folder to a larger disk.",
            **facts,
        )
    elif _lacks_inodes(existing):
        yield warning(
            f"{folder}: hardly any inode is free, although {room}",
            advice="Remove small files, or make the file system again with more inodes.",
            **facts,
        )
    else:
        will_be = "" if folder == existing else ", will be made when needed"
        yield ok(f"{folder} can be written{will_be}, {room}", **facts)


def _existing(folder: Path) -> Path:
    """Return the folder, or the nearest one above it that exists."""
    return next((path for path in (folder, *folder.parents) if path.exists()), Path("/"))


def _lacks_inodes(folder: Path) -> bool:
    state = os.statvfs(folder)
    # Some file systems make inodes as needed, and count none.
    return state.f_files > 0 and state.f_favail < _FEW_INODES * state.f_files


CHECKS: Final = (
    Check(name="storage", question="Can products be stored?", look=storage),
    Check(name="work", question="Can this machine work?", look=work),
)
