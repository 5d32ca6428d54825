"""One file of an archive."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A regular file whose name was accepted, ready to be read."""

    path: PurePosixPath
    #: Seconds since 1970, UTC, as the archive says.
    modified: float
    #: Reads at most that many bytes; empty at the end.
    read: Callable[[int], bytes]
