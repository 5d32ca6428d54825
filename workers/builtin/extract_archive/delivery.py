"""Where an archive comes from: a file the request may read, or a protocol the operator allows."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from workers.builtin.environment import names
from workers.builtin.file_access import FileAccess
from workers.builtin.full_disk import is_full
from workers.builtin.transfer.failures import SECONDS_BEFORE_RETRY
from workers.builtin.transfer.remote import connected, protocol_of
from workers.builtin.transfer.source import opened
from workers.sdk import InvalidContent, RetryLater, WorkContext, WorkRequest


def archive_of(reference: str, *, request: WorkRequest, context: WorkContext, max_bytes: int) -> Path:
    """Return the archive as a local file: the one that is named, or a copy in the folder of the run.

    Raises:
        InvalidContent: it may not be read, does not exist, or is larger than ``max_bytes``.
        RetryLater: the place it comes from does not answer, or there is no room for the copy.
        ConfigurationError: the fleet lacks the package that the protocol needs.
    """
    if protocol_of(reference) == "file":
        return FileAccess.of(request=request, context=context).locate(reference, field="url")
    allowed = names(os.environ, "EXTRACT_PROTOCOLS")
    source = connected(reference, allowed=allowed, setting="EXTRACT_PROTOCOLS", field="url")
    copy = context.workdir / "archive"
    with opened(source, at=0, field="url") as (_, pieces), copy.open("wb") as target:
        _copy(pieces, target, context=context, max_bytes=max_bytes)
    return copy


def _copy(pieces: Iterator[bytes], target: BinaryIO, *, context: WorkContext, max_bytes: int) -> None:
    copied = 0
    for piece in pieces:
        context.raise_if_cancelled()
        copied += len(piece)
        if copied > max_bytes:
            raise InvalidContent(f"url: the archive is larger than {max_bytes} bytes")
        try:
            target.write(piece)
        except OSError as error:
            if not is_full(error):
                raise
            reason = "No space left to copy the archive"
            raise RetryLater(after=SECONDS_BEFORE_RETRY, reason=reason) from error
