"""A place to bring files to, and a store of fsspec in memory."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a folder that may be written to."""
    folder = tmp_path / "archive"
    folder.mkdir()
    monkeypatch.setenv("TRANSFER_TARGET_ROOTS", str(folder))
    return folder


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Give the store in memory, empty before and after, and allow its protocol."""
    monkeypatch.setenv("TRANSFER_PROTOCOLS", "memory")
    files = fsspec.filesystem("memory")
    files.store.clear()
    yield files
    files.store.clear()
