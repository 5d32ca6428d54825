"""The worker type ``extract-archive``: from an archive to its files in the shared storage."""

import itertools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from workers.builtin.body_schema import checked_content
from workers.builtin.extract_archive.delivery import archive_of
from workers.builtin.extract_archive.extraction import ExtractedFile, extract
from workers.builtin.extract_archive.limits import ExtractLimits
from workers.builtin.extract_archive.placement import place
from workers.builtin.file_digest import digests_of
from workers.builtin.shown_url import shown
from workers.builtin.storage_layout import request_folder, staging_folder
from workers.builtin.transfer.remote import protocol_of
from workers.sdk import RetryLater, WorkContext, WorkRequest, WorkResult, worker_type

_BODY: Final = Path(__file__).with_name("body.schema.json")
_ALGORITHM: Final = "sha256"
_DIGEST_IN_PATH: Final = 16
_FILES_PER_REPORT: Final = 500


@worker_type("extract-archive", version="1.0", body_schema=_BODY)
def run(request: WorkRequest, context: WorkContext) -> WorkResult:
    """Extract the archive named by ``url`` and answer with the list of its files.

    Raises:
        InvalidContent: the archive may not be read, is damaged, hostile or over a limit.
        RetryLater: the disk is full, or the archive is still being written.
    """
    limits = ExtractLimits.from_env(os.environ)
    reference: str = checked_content(request, schema=_BODY)["url"]
    archive = archive_of(reference, request=request, context=context, max_bytes=limits.max_bytes)
    before = archive.stat()
    digest = digests_of(
        archive, algorithms=[_ALGORITHM], on_piece=lambda _size: context.raise_if_cancelled()
    )[_ALGORITHM]
    tree = context.workdir / "tree"
    tree.mkdir()
    name = _name(reference)
    files = extract(
        archive=archive,
        name=name,
        into=tree,
        limits=limits,
        on_file=_reporter(context),
        on_piece=context.raise_if_cancelled,
    )
    after = archive.stat()
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise RetryLater(after=30, reason=f"{name} changed while it was read")
    target = request_folder(request=request, context=context) / f"files-{digest[:_DIGEST_IN_PATH]}"
    place(
        tree=tree,
        target=target,
        staging=staging_folder(request=request, context=context),
        files=files,
    )
    total = sum(file.size for file in files)
    return WorkResult.json(
        {
            "archive": {"url": _shown(reference, archive), "size": after.st_size, "sha256": digest},
            "files": [_listed(file, target=target) for file in files],
        },
        messages=(f"Extracted {len(files)} file(s), {total} bytes, from {name}",),
    )


def _name(reference: str) -> str:
    """Return the name that the archive has where it comes from."""
    path = urlsplit(reference).path if "://" in reference or reference.startswith("file:") else ""
    return (unquote(path) or reference).rpartition("/")[2]


def _shown(reference: str, archive: Path) -> str:
    """Return the URL of an archive; a path becomes one, and a copy keeps the URL it came from.

    User name and password are left out: the answer is stored, and goes to the next step.
    """
    return archive.as_uri() if protocol_of(reference) == "file" else shown(reference)


def _reporter(context: WorkContext) -> Callable[[ExtractedFile], None]:
    numbers = itertools.count(1)

    def report(file: ExtractedFile) -> None:
        number = next(numbers)
        if number % _FILES_PER_REPORT == 0:
            context.progress(f"{number} files extracted, last {file.path}")

    return report


def _listed(file: ExtractedFile, *, target: Path) -> dict[str, object]:
    return {
        "url": (target / file.path).as_uri(),
        "path": str(file.path),
        "size": file.size,
        "sha256": file.sha256,
    }
