"""Requests to `storage-transfer`, and what lies at its targets."""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from workers.builtin.storage_transfer import worker
from workers.sdk.result import WorkResult
from workers.sdk.testing import run_once

#: A little more than two pieces, not compressible.
CONTENT = os.urandom(9 * 1024 * 1024)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


def transfer(
    *files: dict[str, Any],
    storage: Path,
    overwrite: bool = False,
    more: Mapping[str, Any] | None = None,
    **options: Any,
) -> WorkResult:
    """Run the worker type; ``more`` are further members of the body."""
    content = json.dumps({"files": files, "overwrite": overwrite, **(more or {})}).encode()
    return run_once(worker.run, content=content, storage=storage, **options)


def answered(result: WorkResult) -> list[dict[str, Any]]:
    files: list[dict[str, Any]] = json.loads(result.content)["files"]
    return files


def broken_off(after: int) -> Iterator[bool]:
    """Play an operator who cancels at the so-manieth question."""
    yield from [False] * after
    while True:
        yield True
