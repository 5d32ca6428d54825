"""A stream of unknown length that is read within limits."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Protocol

from workers.builtin.extract_archive.budget import Budget
from workers.sdk import InvalidContent

#: Largest single read: entry data comes in smaller pieces, only extended headers are read whole.
MAX_READ: Final = 1024 * 1024
_DIGITS: Final = re.compile(rb"\d+")
#: More digits side by side than any name may have; Python before 3.11.10 looks at each of them from each.
_MOST_DIGITS: Final = 255
#: What is kept for steps back; a reader of tar takes none longer than a block.
_KEPT: Final = 64 * 1024


class Readable(Protocol):
    """What a stream must be able to do."""

    def read(self, size: int, /) -> bytes:
        """Read that many bytes, fewer only at the end."""
        ...


class MeteredStream:
    """Refuses to be read too far, too much at once, or backwards by more than a few blocks.

    A decompressor that had to go back would begin at the start again.
    """

    def __init__(self, stream: Readable, *, budget: Budget) -> None:
        self._stream = stream
        self._ceiling = budget.stream_ceiling()
        self._recent = b""
        #: Where the stream itself is, and where the reader is: perhaps a little behind.
        self._end = self._position = 0
        #: Bytes of the headers of one entry so far; ``None`` while they are not being read.
        self._of_headers: int | None = None

    @contextmanager
    def reading_headers(self) -> Iterator[None]:
        """Take what is read inside the block for headers of one entry: its reader holds them all at once."""
        self._of_headers = 0
        try:
            yield
        finally:
            self._of_headers = None

    def read(self, size: int = -1) -> bytes:
        """Read exactly as asked, within the limits.

        Raises:
            InvalidContent: the read is unbounded, or it and its headers are larger than any honest ones.
        """
        asked = size + (self._of_headers or 0)
        if size < 0 or asked > MAX_READ:
            raise InvalidContent(f"The archive has a header of {asked} bytes, {MAX_READ} are allowed")
        self._check(self._position + size)
        behind = self._end - self._position
        again = self._recent[-behind:][:size] if behind else b""
        self._position += len(again)
        piece = again + self._advance(size - len(again)) if len(again) < size else again
        if self._of_headers is not None:
            self._of_headers = asked
            _check_digits(piece)
        return piece

    def seek(self, position: int) -> int:
        """Move to an absolute position.

        Raises:
            InvalidContent: the position is negative or beyond what may be decompressed.
            ValueError: it is too far back.
        """
        if position < 0:
            raise InvalidContent("The archive has an entry of negative size")
        self._check(position)
        if self._end - position > len(self._recent):
            raise ValueError(f"byte {position} is asked for again after byte {self._end}")
        self._position = min(position, self._end)
        while self._position < position and self._advance(min(position - self._position, MAX_READ)):
            pass
        return self._position

    def tell(self) -> int:
        """Return the position in decompressed bytes."""
        return self._position

    def drain(self) -> None:
        """Read to the end, so that a checksum after the archive is verified."""
        while self.read(MAX_READ):
            pass

    def _advance(self, size: int) -> bytes:
        piece = self._stream.read(size)
        self._recent = (self._recent + piece)[-_KEPT:] if len(piece) < _KEPT else piece[-_KEPT:]
        self._end += len(piece)
        self._position = self._end
        return piece

    def _check(self, position: int) -> None:
        if position > self._ceiling + MAX_READ:
            raise InvalidContent(
                f"The archive expands beyond {self._ceiling} bytes, the limit by size and ratio"
            )


def _check_digits(header: bytes) -> None:
    if any(len(digits) > _MOST_DIGITS for digits in _DIGITS.findall(header)):
        raise InvalidContent(f"The archive has a header with more than {_MOST_DIGITS} digits side by side")
