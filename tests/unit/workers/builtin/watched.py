"""Processes that a test watches."""

import time
from pathlib import Path
from typing import Final

#: As the system says it: gone, but for a parent that has not asked yet.
_ENDED: Final = frozenset({"Z", "X"})


def lives(pid: int) -> bool:
    """Say whether a process still runs; one that was just killed gets a moment to go."""
    for _ in range(100):
        try:
            state = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return False
        if state in _ENDED:
            return False
        time.sleep(0.02)
    return True
