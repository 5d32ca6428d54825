"""What running work says, on its way to operators: RUNNING answers with the last lines, at a bounded rate."""

import math
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Final

from workers.sdk.masking import masked

#: Seconds between two messages about one run. What is said in between leaves with the next one.
PAUSE: Final = 1.0
#: Lines of one message, the newest last, and characters of one line.
MOST_LINES: Final = 10
LONGEST_LINE: Final = 500


class LiveLines:
    """The lines of all runs of one process that wait for their time.

    Its thread starts when the first line has to wait, in the process that runs the work.
    """

    def __init__(self, *, quiet: float) -> None:
        """Prepare; ``quiet`` is how long after its begin a run may be announced without words, in seconds.

        Such an announcement takes the place of what was said before, so that is then said again.
        """
        self._quiet = quiet
        self._changed = threading.Condition()
        self._waiting: dict[RunLines, float] = {}
        self._wakes_at = math.inf
        self._thread: threading.Thread | None = None

    def of(self, send: Callable[[str], object]) -> "RunLines":
        """Return the lines of a new run; ``send`` gets the text of each message."""
        return RunLines(send=send, waiting=self, quiet=self._quiet)

    def await_time(self, lines: "RunLines", due: float) -> None:
        """Have the lines of a run leave at a monotonic time, unless they leave before."""
        with self._changed:
            self._waiting[lines] = min(due, self._waiting.get(lines, math.inf))
            if self._thread is None:
                self._thread = threading.Thread(target=self._serve, name="live lines", daemon=True)
                self._thread.start()
            elif due < self._wakes_at:
                self._changed.notify()

    def forget(self, lines: "RunLines") -> None:
        """Wait no longer with the lines of a run."""
        with self._changed:
            self._waiting.pop(lines, None)

    def _serve(self) -> None:
        while True:
            with self._changed:
                self._wakes_at = min(self._waiting.values(), default=math.inf)
                left = self._wakes_at - time.monotonic()
                if left > 0:
                    self._changed.wait(None if math.isinf(left) else left)
                    continue
                ready = [lines for lines, at in self._waiting.items() if at <= time.monotonic()]
                for lines in ready:
                    del self._waiting[lines]
            # Not under the lock: sending may take as long as the broker does.
            for lines in ready:
                lines.leave()


class RunLines:
    """The lines of one run; may be called from any thread."""

    def __init__(self, *, send: Callable[[str], object], waiting: LiveLines, quiet: float) -> None:
        self._send = send
        self._waiting = waiting
        self._lock = threading.Lock()
        self._last: deque[str] = deque(maxlen=MOST_LINES)
        self._changed = self._closed = self._has_waited = False
        self._begun = time.monotonic()
        self._quiet_until = self._begun + quiet
        self._sent_at = self._begun - PAUSE

    def progress(self, line: str) -> None:
        """Take a line that leaves at once, if none did within the last second."""
        self._take(line, due=self._sent_at + PAUSE)

    def log(self, line: str) -> None:
        """Take a line that may wait: work of less than a second sends none."""
        self._take(line, due=max(self._sent_at, self._begun) + PAUSE)

    def leave(self) -> None:
        """Send what was said since the last message, together with what was said before."""
        with self._lock:
            if self._changed and not self._closed:
                self._leave()

    def close(self) -> None:
        """Send nothing any more: the answer follows, and nothing may overtake it."""
        with self._lock:
            self._closed = True
        if self._has_waited:
            self._waiting.forget(self)

    def _take(self, line: str, *, due: float) -> None:
        # Of a secret that is cut nobody could tell what it was.
        text = masked(line)[:LONGEST_LINE]
        with self._lock:
            if not self._last or self._last[-1] != text:
                self._last.append(text)
            # The same line again is a sign of life as well.
            self._changed = True
            if self._closed:
                return
            if time.monotonic() >= due:
                self._leave()
                return
            self._has_waited = True
        self._waiting.await_time(self, due)

    def _leave(self) -> None:
        self._sent_at = time.monotonic()
        self._changed = self._sent_at < self._quiet_until
        self._send("\n".join(self._last))
        if self._changed:
            self._has_waited = True
            self._waiting.await_time(self, self._quiet_until)
