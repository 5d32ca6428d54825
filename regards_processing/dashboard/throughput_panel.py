"""How many requests ended in each of the last minutes.

Note: minutes that are over.
    They do not change any more, so they are counted once and remembered; each look counts the current one.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from django.core.cache import cache

from regards_processing.dashboard.links import Links
from regards_processing.dashboard.panels import Bar, Figure, Panel, Scope, Source
from worker_manager.models import FinishedRequest
from worker_manager.overview import ended_by_minute, minutes_until

_MINUTES: Final = 30
#: A transaction may commit so long after the time that it wrote.
_SETTLED: Final = timedelta(seconds=30)
_MINUTE: Final = timedelta(minutes=1)
#: The drawing, in its own units.
_HEIGHT: Final = 100
_STEP: Final = 20

#: Minutes, oldest first, and how many requests ended in each.
Counts = Sequence[tuple[datetime, int]]


def read(scope: Scope) -> Counts:
    """Count what ended in the minutes that are not remembered; two statements."""
    key = f"dashboard.minutes.{scope.tenant.pk if scope.tenant else 'all'}"
    known: Mapping[datetime, int] = cache.get(key) or {}
    minutes = minutes_until(at=scope.at, count=_MINUTES)
    since = next(minute for minute in minutes if minute not in known or minute == minutes[-1])
    counted = ended_by_minute(tenant=scope.tenant, since=since, at=scope.at)
    found = [(minute, known[minute] if minute < since else counted.get(minute, 0)) for minute in minutes]
    settled = {minute: count for minute, count in found if minute + _MINUTE + _SETTLED <= scope.at}
    cache.set(key, settled, timeout=_MINUTES * 60)
    return found


def show(found: Counts, links: Links) -> Panel:
    """Draw a bar for each minute, the current one included."""
    whole = found[-2][1]
    return Panel(
        title=SOURCE.title,
        note=f"{whole:,} in the last whole minute, {max(count for _, count in found):,} in the busiest; "
        f"{sum(count for _, count in found):,} in {len(found)} minutes. Times are UTC.",
        address=links.to_list(FinishedRequest),
        bars=bars(found),
        figures=[Figure(label="ended a minute", value=f"{whole:,}", address=links.to_list(FinishedRequest))],
        wide=True,
    )


def bars(counts: Counts) -> list[Bar]:
    """Return the drawing: the highest bar takes all the height, and one of a few is still seen."""
    highest = max((count for _, count in counts), default=0)
    drawn = []
    for place, (minute, count) in enumerate(counts):
        height = max(2, round(count * _HEIGHT / highest)) if count else 0
        bar = Bar(minute=minute, count=count, x=place * _STEP, y=_HEIGHT - height, height=height)
        drawn.append(bar)
    return drawn


SOURCE: Final = Source(
    key="throughput", title="Requests that ended, by minute", model=FinishedRequest, read=read, show=show
)
