"""Measures that are read from database and broker when somebody asks for them.

Each is read in a thread of its own, with a time limit, and kept for some seconds: whoever asks meanwhile gets
the same.
"""

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TookTooLong
from datetime import datetime
from functools import cache
from typing import Final

from django.conf import settings
from django.utils.module_loading import import_string
from prometheus_client.core import Metric

from regards_processing.kernel.observability.bounded import Bounded, limit_statements
from regards_processing.kernel.observability.metrics import MEASURE_FAILURES

log = logging.getLogger(__name__)

#: Takes the time, returns what was measured.
MeasureFunction = Callable[[datetime], Iterable[Metric]]

#: A reading that took longer, in seconds, is not repeated before so many times as long: however big the
#: tables are, measuring them takes the database a twentieth of one processor.
_LONG: Final = 0.5
_REST: Final = 20


class _Measure:
    """One measure: its reader, and what it read last."""

    def __init__(self, name: str, read: MeasureFunction) -> None:
        self.name = name
        self.run = Bounded(lambda at: _read(read, at))
        self._kept: list[Metric] = []
        self._kept_until = 0.0
        self._failing = False

    @property
    def old(self) -> bool:
        """Whether it is time to read again."""
        return time.monotonic() >= self._kept_until

    @property
    def kept(self) -> list[Metric]:
        """What was read last; nothing after a failure."""
        return self._kept

    def take(self, future: "Future[list[Metric]]", until: float) -> None:
        """Wait for a reading until a monotonic time, and keep it; a failure is counted."""
        try:
            self._kept = future.result(timeout=max(0.0, until - time.monotonic()))
        except Exception as error:  # noqa: BLE001 (one measure that fails leaves the others)
            self._kept = []
            self._failed(error)
            keep = 0.0
        else:
            self._failing = False
            keep = settings.METRICS_CACHE
        took = self.run.took()
        rest = _REST * took if took > _LONG else 0.0
        self._kept_until = time.monotonic() + max(keep, rest)

    def _failed(self, error: Exception) -> None:
        """Count every failure, and log the first of a row."""
        MEASURE_FAILURES.labels(self.name).inc()
        if not self._failing:
            self._failing = True
            late = isinstance(error, TookTooLong)
            reason = f"no result within {settings.METRICS_TIMEOUT} s" if late else repr(error)
            fields = {"action": "measures.failed", "measure": self.name, "reason": reason}
            log.warning("measure failed", extra=fields)


class Measures:
    """The measures of the platform as a whole."""

    def __init__(self, measures: Mapping[str, MeasureFunction]) -> None:
        self._measures = [_Measure(name, read) for name, read in measures.items()]

    def collect(self, *, at: datetime) -> list[Metric]:
        """Return what can be measured within `settings.METRICS_TIMEOUT` seconds; failures are counted."""
        until = time.monotonic() + settings.METRICS_TIMEOUT
        begun = [(measure, measure.run.begin(at)) for measure in self._measures if measure.old]
        for measure, future in begun:
            measure.take(future, until)
        return [metric for measure in self._measures for metric in measure.kept]


@cache
def platform_measures() -> Measures:
    """Return the measures that the settings name."""
    return Measures({name: import_string(path) for name, path in settings.MEASURES.items()})


def _read(read: MeasureFunction, at: datetime) -> list[Metric]:
    limit_statements(seconds=settings.METRICS_TIMEOUT)
    return list(read(at))
