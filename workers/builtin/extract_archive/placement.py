"""Moving a finished tree into the storage, all or nothing, as often as asked."""

import errno
import shutil
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from workers.builtin.extract_archive.extraction import ExtractedFile

_TAKEN: Final = frozenset({errno.ENOTEMPTY, errno.EEXIST})


def place(*, tree: Path, target: Path, files: Sequence[ExtractedFile]) -> None:
    """Move ``tree`` to ``target``; a target of an earlier or concurrent attempt is kept and mended.

    ``target`` must be named after the content, so that whoever wins has written the same files.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    staged = _onto_same_file_system(tree, beside=target)
    try:
        staged.rename(target)
    except OSError as error:
        if error.errno not in _TAKEN:
            shutil.rmtree(staged, ignore_errors=True)
            raise
        _mend(target, source=staged, files=files)
        shutil.rmtree(staged)


def _onto_same_file_system(tree: Path, *, beside: Path) -> Path:
    """Bring the tree where one rename can publish it; the leading dot hides it from readers."""
    staged = beside.parent / f".incoming-{uuid.uuid4().hex}"
    try:
        tree.rename(staged)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        _copy(tree, staged)
    return staged


def _copy(tree: Path, staged: Path) -> None:
    try:
        shutil.copytree(tree, staged)
    except BaseException:
        shutil.rmtree(staged, ignore_errors=True)
        raise


def _mend(target: Path, *, source: Path, files: Sequence[ExtractedFile]) -> None:
    """Put back files that are missing or cut short; each replacement is atomic."""
    for file in files:
        existing = target / file.path
        if not existing.is_file() or existing.stat().st_size != file.size:
            existing.parent.mkdir(parents=True, exist_ok=True)
            (source / file.path).replace(existing)
