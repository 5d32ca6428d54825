"""Digests of files, read in pieces."""

import hashlib
from pathlib import Path
from typing import Final

_CHUNK: Final = 1024 * 1024


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in lower-case hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
