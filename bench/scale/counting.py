"""Loaded by a jobs worker (``-I``): counts the statements of its thread, in a file for the benchmark."""

import mmap
import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from django.db import connection

#: Variable that names the file.
VARIABLE: Final = "BENCH_STATEMENTS"
_NUMBER: Final = struct.Struct("<Q")


def prepare(path: Path) -> None:
    """Make the file."""
    path.write_bytes(_NUMBER.pack(0))


def counted(path: Path) -> int:
    """Return how many statements were counted so far."""
    number: int = _NUMBER.unpack(path.read_bytes())[0]
    return number


def _count_in(path: Path) -> None:
    with path.open("r+b") as file:
        shared = mmap.mmap(file.fileno(), _NUMBER.size)

    def count(execute: Callable[..., Any], sql: str, parameters: Any, many: bool, context: Any) -> Any:  # noqa: FBT001 (Django's signature)
        _NUMBER.pack_into(shared, 0, _NUMBER.unpack_from(shared, 0)[0] + 1)
        return execute(sql, parameters, many, context)

    connection.execute_wrappers.append(count)


if VARIABLE in os.environ:
    _count_in(Path(os.environ[VARIABLE]))
