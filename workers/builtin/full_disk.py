"""Telling a full disk from what else goes wrong with files."""

import errno
from typing import Final

_NO_SPACE: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


def is_full(error: OSError) -> bool:
    """Tell whether the disk, or the part of it that the fleet may use, has no room."""
    return error.errno in _NO_SPACE
