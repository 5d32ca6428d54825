"""Digests of files, read in pieces."""

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

from workers.sdk import InvalidContent, RetryLater

#: Digests that requests may ask for, by their name in :mod:`hashlib`.
ALGORITHMS: Final = (
    "md5",
    "sha1",
    "sha224",
    "sha256",
    "sha384",
    "sha512",
    "sha3_256",
    "sha3_512",
    "blake2b",
    "blake2s",
)
_CHUNK: Final = 1024 * 1024
_SECONDS_BEFORE_RETRY: Final = 30
#: Other spellings than Java's ``SHA-256`` and the like.
_ALIASES: Final = {"sha": "sha1"}


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in lower-case hexadecimal."""
    return digests_of(path, algorithms=["sha256"])["sha256"]


def digests_of(
    path: Path, *, algorithms: Iterable[str], on_piece: Callable[[int], object] = lambda _size: None
) -> dict[str, str]:
    """Return several digests of a file in lower-case hexadecimal; the file is read once.

    ``on_piece`` hears of the size of each piece, at most one MiB.
    """
    sums = {name: new_digest(name) for name in algorithms}
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            for each in sums.values():
                each.update(chunk)
            on_piece(len(chunk))
    return {name: each.hexdigest() for name, each in sums.items()}


def digests_of_steady_file(
    path: Path, *, algorithms: Iterable[str], on_piece: Callable[[int], object]
) -> dict[str, str]:
    """Return the digests of a file that nobody changes in the meantime.

    Raises:
        RetryLater: somebody does.
    """
    before = path.stat()
    read = 0

    def counted(size: int) -> None:
        nonlocal read
        read += size
        if read > before.st_size:
            # Whoever writes may be faster than this.
            raise _changed(path)
        on_piece(size)

    digests = digests_of(path, algorithms=algorithms, on_piece=counted)
    after = path.stat()
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise _changed(path)
    return digests


def _changed(path: Path) -> RetryLater:
    return RetryLater(after=_SECONDS_BEFORE_RETRY, reason=f"{path.name} changed while it was read")


def new_digest(algorithm: str) -> Any:
    """Return a running digest; these are checks against damage, not against forgers."""
    return hashlib.new(algorithm, usedforsecurity=False)


def algorithm_named(name: str, *, field: str) -> str:
    """Return the algorithm that a request names in Python's or Java's way, whatever its case.

    Raises:
        InvalidContent: there is no such algorithm here.
    """
    plain = name.lower()
    for spelling in (plain, plain.replace("-", ""), plain.replace("-", "_")):
        algorithm = _ALIASES.get(spelling, spelling)
        if algorithm in ALGORITHMS:
            return algorithm
    raise InvalidContent(f"{field}: {name!r:.100} is no known digest; known are {', '.join(ALGORITHMS)}")
