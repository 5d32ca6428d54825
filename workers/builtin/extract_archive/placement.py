"""Moving a finished tree into the storage, all or nothing, as often as asked."""

import errno
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from workers.builtin.extract_archive.extraction import ExtractedFile
from workers.sdk.held_folders import HeldFolder

_TAKEN: Final = frozenset({errno.ENOTEMPTY, errno.EEXIST})


def place(*, tree: Path, target: Path, staging: Path, files: Sequence[ExtractedFile]) -> None:
    """Move ``tree`` to ``target``; a target of an earlier or concurrent attempt is kept and mended.

    ``target`` must be named after the content, so that whoever wins has written the same files. ``staging``
    is a folder on its file system, for what is not whole yet.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with HeldFolder(staging) as held:
        staged = held.path / "tree"
        _onto_same_file_system(tree, staged)
        try:
            staged.rename(target)
        except OSError as error:
            if error.errno not in _TAKEN:
                raise
            _mend(target, source=staged, files=files)


def _onto_same_file_system(tree: Path, staged: Path) -> None:
    """Bring the tree where one rename can publish it."""
    try:
        tree.rename(staged)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        shutil.copytree(tree, staged)


def _mend(target: Path, *, source: Path, files: Sequence[ExtractedFile]) -> None:
    """Put back files that are missing or cut short; each replacement is atomic."""
    for file in files:
        existing = target / file.path
        if not existing.is_file() or existing.stat().st_size != file.size:
            existing.parent.mkdir(parents=True, exist_ok=True)
            (source / file.path).replace(existing)
