"""Requests of bulk types that wait for the end of the turn: what is there by then is worked on at once."""

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from workers.sdk.managed import ManagedRequest

#: Seconds after which a bulk is worked on, though the loop has not come to the end of what is there.
_LONGEST: Final = 0.1


class Bulks:
    """Collects the requests of bulk types as they come; nobody waits for more than there is."""

    def __init__(
        self,
        *,
        sizes: Mapping[str, int],
        start: Callable[[ManagedRequest], object],
        soon: Callable[[Callable[[], None]], object],
        more: Callable[[], bool],
    ) -> None:
        """Collect up to ``sizes`` requests of each bulk type.

        Args:
            start: hands a request, with its companions, to the pool.
            soon: calls back at the end of this turn of the event loop.
            more: tells whether messages have arrived that this turn was too short for.
        """
        self._sizes = sizes
        self._start = start
        self._soon = soon
        self._more = more
        self._waiting: dict[str, list[ManagedRequest]] = {}

    def take(self, request: ManagedRequest) -> bool:
        """Take a request of a bulk type; return False for any other."""
        worker_type = request.work.worker_type
        size = self._sizes.get(worker_type)
        if size is None:
            return False
        waiting = self._waiting.setdefault(worker_type, [])
        waiting.append(request)
        if len(waiting) >= size:
            self._leave(worker_type)
        elif len(waiting) == 1:
            self._soon(partial(self._end_turn, worker_type, time.monotonic() + _LONGEST))
        return True

    def _end_turn(self, worker_type: str, until: float) -> None:
        if worker_type in self._waiting and self._more() and time.monotonic() < until:
            self._soon(partial(self._end_turn, worker_type, until))
        else:
            self._leave(worker_type)

    def _leave(self, worker_type: str) -> None:
        first, *others = self._waiting.pop(worker_type, None) or (None,)
        if first is None:
            # It was full before the turn ended.
            return
        first.companions = tuple(others)
        for request in (first, *others) if others else ():
            request.in_bulk = True
        self._start(first)
