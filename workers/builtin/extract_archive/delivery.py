"""Where an archive comes from: a file the request may read, or a protocol the operator allows."""

import os
from pathlib import Path
from typing import Any, Final

import fsspec

from workers.builtin.environment import names
from workers.builtin.file_access import FileAccess
from workers.sdk import InvalidContent, RetryLater, WorkContext, WorkRequest

_PIECE: Final = 1024 * 1024
_SECONDS_BEFORE_RETRY: Final = 60


def archive_of(reference: object, *, request: WorkRequest, context: WorkContext, max_bytes: int) -> Path:
    """Return the archive as a local file: the one that is named, or a copy in the folder of the run.

    Raises:
        InvalidContent: it may not be read, does not exist, or is larger than ``max_bytes``.
        RetryLater: the place it comes from does not answer.
    """
    protocol = fsspec.utils.get_protocol(reference) if isinstance(reference, str) else "file"
    if protocol == "file":
        return FileAccess.of(request=request, context=context).locate(reference, field="url")
    allowed = names(os.environ, "EXTRACT_PROTOCOLS")
    if protocol not in allowed:
        choices = ", ".join(["file", *sorted(allowed)])
        raise InvalidContent(f"url: {reference!r:.200} has protocol {protocol!r}, allowed are: {choices}")
    copy = context.workdir / "archive"
    try:
        with fsspec.open(str(reference), "rb") as source, copy.open("wb") as target:
            _copy(source, target, max_bytes)
    except FileNotFoundError:
        raise InvalidContent(f"url: {reference!r:.200} does not exist") from None
    except OSError as error:
        raise RetryLater(after=_SECONDS_BEFORE_RETRY, reason=f"{reference!r:.200}: {error}") from error
    return copy


def _copy(source: Any, target: Any, max_bytes: int) -> None:
    copied = 0
    while piece := source.read(_PIECE):
        copied += len(piece)
        if copied > max_bytes:
            raise InvalidContent(f"url: the archive is larger than {max_bytes} bytes")
        target.write(piece)
