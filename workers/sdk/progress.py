"""Whether a worker process gets on: does its event loop turn, does its work end in the time that it declares.

A process that does not get on must not look alive. Its heartbeats stop, so that managers have its work done
elsewhere, and its probes fail, so that it is started again.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from workers.sdk.managed import ManagedRequest

#: Overdue requests that are named at most.
_MOST_NAMED: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Overdue:
    """A request that takes longer than its worker type declares it to."""

    worker_type: str
    #: The id of the dispatch; that of a request without one is made up here.
    identity: str
    #: Seconds.
    running: float
    allowed: float

    def __str__(self) -> str:
        """Return the words for whoever asks."""
        return f"{self.identity} ({self.worker_type}, {self.running:.0f} s of {self.allowed:g})"


class Progress:
    """Looks at the work in hand and at the loop; called from any thread."""

    def __init__(
        self,
        *,
        in_hand: Mapping[str, ManagedRequest],
        concurrency: Callable[[], int],
        stall: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Watch requests of which it is known how many seconds work on them takes at most.

        Args:
            concurrency: tells how many requests the pool runs at a time.
            stall: seconds after which a loop that has not turned is stalled.
            clock: monotonic.
        """
        self._in_hand = in_hand
        self._concurrency = concurrency
        self._stall = stall
        self._clock = clock
        self._turned_at: float | None = None

    def turned(self) -> None:
        """Note that the event loop turns: from now on it has to go on doing so."""
        self._turned_at = self._clock()

    def rest(self) -> None:
        """Note that the loop has ended in order."""
        self._turned_at = None

    def overdue(self) -> list[Overdue]:
        """Return the calls that take longer than is declared; a bulk may take as long as all its requests."""
        return list(self._overdue())

    def _overdue(self) -> Iterator[Overdue]:
        now = self._clock()
        for request in list(self._in_hand.values()):
            longest, accepted_at = request.longest, request.accepted_at
            if longest is None or accepted_at is None or request.answered or request.follows:
                continue
            allowed = longest * (1 + len(request.companions))
            if now - accepted_at > allowed:
                yield Overdue(
                    worker_type=request.work.worker_type,
                    identity=request.id,
                    running=now - accepted_at,
                    allowed=allowed,
                )

    def halted(self) -> str | None:
        """Return why the process does not get on; ``None`` while it does."""
        turned_at = self._turned_at
        if turned_at is not None and self._clock() - turned_at > self._stall:
            return f"The event loop has not turned for {self._clock() - turned_at:.0f} s"
        overdue = self.overdue()
        if overdue and len(overdue) >= self._concurrency():
            return f"All work takes longer than declared: {named(overdue)}"
        return None


def named(overdue: list[Overdue]) -> str:
    """Return the names of overdue requests, of the first where there are many."""
    words = ", ".join(map(str, overdue[:_MOST_NAMED]))
    return words if len(overdue) <= _MOST_NAMED else f"{words} and {len(overdue) - _MOST_NAMED} more"
