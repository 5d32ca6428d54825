"""How long work takes of late, by worker type: managers send a fleet as much as it needs."""

from typing import Final

#: What the latest work counts for beside all before it.
_WEIGHT: Final = 0.2
#: Seconds up to which work is short, whatever it takes exactly.
_SHORT: Final = 0.01
#: So many times longer or shorter is news.
_NEWS: Final = 2.0


class Pace:
    """Written by the thread that answers, read by the one that beats."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}
        self._told: dict[str, float] = {}

    def note(self, *, worker_type: str, seconds: float) -> None:
        """Take note of work that has ended."""
        before = self._seconds.get(worker_type, seconds)
        self._seconds[worker_type] = before + _WEIGHT * (seconds - before)

    def tell(self, worker_type: str) -> float | None:
        """Return the seconds that work took on average, to be told; ``None`` before there was any."""
        seconds = self._seconds.get(worker_type)
        if seconds is not None:
            self._told[worker_type] = seconds
        return seconds

    def has_news(self) -> bool:
        """Tell whether work of some type takes much longer, or much less long, than was told."""
        return any(
            not 1 / _NEWS <= max(seconds, _SHORT) / max(self._told.get(name, 0.0), _SHORT) <= _NEWS
            for name, seconds in list(self._seconds.items())
        )
