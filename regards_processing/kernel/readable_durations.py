"""Durations as people read them. Pure."""

from itertools import pairwise
from typing import Final

#: Units and their milliseconds, longest first; of two neighbours both are said, a zero is not.
_UNITS: Final = (("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1000))
_SECOND: Final = 1000


def readable_duration(milliseconds: int | None) -> str:
    """Return a duration in the units that matter: ``2 h 5 min``, ``3 min``, ``2.5 s`` or ``340 ms``."""
    if milliseconds is None:
        return "-"
    for (unit, size), (smaller, small_size) in pairwise(_UNITS):
        if milliseconds >= size:
            rest = milliseconds % size // small_size
            return f"{milliseconds // size} {unit}" + (f" {rest} {smaller}" if rest else "")
    if milliseconds >= _SECOND:
        return f"{milliseconds * 10 // _SECOND / 10:g} s"
    return f"{milliseconds} ms"
