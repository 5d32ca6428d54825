"""Requests to `storage-transfer`, and what lies at its targets."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.stack.process import ROOT
from workers.builtin.storage_transfer import worker
from workers.sdk.result import WorkResult
from workers.sdk.testing import run_once

#: A little more than two pieces, not compressible.
CONTENT = os.urandom(9 * 1024 * 1024)
SHA256 = hashlib.sha256(CONTENT).hexdigest()

_DIE = """
import json, os, pathlib, signal, sys
from tests.unit.workers.builtin.storage_transfer.transfers import broken_off, transfer
asked = broken_off(after=int(sys.argv[3]) - 1)
die = lambda: next(asked) and os.kill(os.getpid(), signal.SIGKILL)
transfer(json.loads(sys.argv[1]), storage=pathlib.Path(sys.argv[2]), cancelled=die)
"""


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


def killed(order: dict[str, Any], *, storage: Path, pieces: int = 1) -> None:
    """Have another process carry an order out, and kill it when so many pieces of 4 MiB have gone."""
    with tempfile.TemporaryDirectory() as left_behind:
        died = subprocess.run(
            [sys.executable, "-c", _DIE, json.dumps(order), storage, str(pieces)],
            cwd=ROOT,
            env={**os.environ, "TMPDIR": left_behind},
            timeout=60,
            check=False,
        )
    assert died.returncode == -signal.SIGKILL


def answered(result: WorkResult) -> list[dict[str, Any]]:
    files: list[dict[str, Any]] = json.loads(result.content)["files"]
    return files


def broken_off(after: int) -> Iterator[bool]:
    """Play an operator who cancels at the so-manieth question."""
    yield from [False] * after
    while True:
        yield True
