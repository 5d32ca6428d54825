"""What several commands take as arguments."""

from argparse import ArgumentTypeError
from collections.abc import Callable
from typing import Final

#: No setting and no column holds more.
MOST: Final = 2**31 - 1


def counted(*, most: int = MOST, kind: str = "a whole number") -> Callable[[str], int]:
    """Return what reads a number from 1 to ``most``, and says what is expected of others."""

    def read(text: str) -> int:
        # Python reads no number of thousands of digits.
        if not text.isdecimal() or len(text) > len(str(most)) or not 1 <= int(text) <= most:
            raise ArgumentTypeError(f"{kind} from 1 to {most} is expected, got {text!r:.60}")
        return int(text)

    return read
