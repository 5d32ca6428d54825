"""What is told of an execution while it goes on, and that it goes on where there is nothing to tell.

Note: the last line again is a sign of life.
    The manager begins a new attempt at work that gives no sign for its run time-out. A program may write
    nothing for hours, within its time limit. The same line again changes nothing for who reads the log.
"""

import time
from collections.abc import Callable
from typing import Final

#: Seconds of silence after which the last line is told again.
_SILENCE: Final = 60.0


class Voice:
    """Tells lines; called in the thread of the execution."""

    def __init__(self, tell: Callable[[str], None], *, clock: Callable[[], float] = time.monotonic) -> None:
        """Hand each line to ``tell``; ``clock`` is monotonic."""
        self._tell = tell
        self._clock = clock
        self._last: str | None = None
        self._told_at = 0.0

    def __call__(self, line: str) -> None:
        """Tell a line."""
        self._last, self._told_at = line, self._clock()
        self._tell(line)

    def look(self) -> None:
        """Tell the last line again if there was none for a minute."""
        if self._last is not None and self._clock() - self._told_at >= _SILENCE:
            self(self._last)
