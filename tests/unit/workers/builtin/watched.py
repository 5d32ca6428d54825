"""Processes that a test watches."""

import os
import time


def lives(pid: int) -> bool:
    """Say whether a process still runs; one that was just killed gets a moment to go."""
    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        time.sleep(0.02)
    return True
