"""How large a quicklook is."""

from typing import Final

#: Longest side in pixels.
MAX_SIDE: Final = 512


def fitted(*, height: int, width: int) -> tuple[int, int]:
    """Return height and width that fit into the square, in proportion, never enlarged, never zero."""
    scale = min(1.0, MAX_SIDE / max(height, width))
    return max(1, round(height * scale)), max(1, round(width * scale))
