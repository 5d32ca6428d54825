"""Panels as they are now: read once for all who look, and never more often than it is worth.

Note: rows are the truth.
    A page that is open asks again every few seconds; nothing is pushed, and nothing is remembered about who
    looks. What a source reads is kept for a moment, so that ten viewers cost what one does. A reading that
    took long is kept for twenty times as long: however much there is, looking at it costs the database a
    twentieth of one processor for each web process. A source that fails says so, and leaves the others.
"""

import time
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.core.cache import cache
from django.db import OperationalError

from regards_processing.dashboard.links import Links
from regards_processing.dashboard.panels import Panel, Scope, Source
from regards_processing.kernel.db.time_limits import statements_within
from regards_processing.kernel.errors import DomainError

#: Longest time that a statement may take, in seconds: a web process does nothing else meanwhile.
_PATIENCE: Final = 2.0
#: A reading that took longer, in seconds, rests for so many times as long.
_LONG: Final = 0.25
_REST: Final = 20


@dataclass(frozen=True, slots=True)
class _Reading:
    found: Any = None
    failure: str = ""


def panel_of(source: Source, *, scope: Scope, links: Links) -> Panel:
    """Return a panel as it is now, or as it was a moment ago."""
    reading = _reading(source, scope)
    if reading.failure:
        return Panel(title=source.title, failure=reading.failure)
    return source.show(reading.found, links)


def _reading(source: Source, scope: Scope) -> _Reading:
    whose = scope.tenant.pk if scope.tenant and not source.of_platform else "all"
    key = f"dashboard.{source.key}.{whose}"
    kept: _Reading | None = cache.get(key)
    if kept is not None:
        return kept
    begun = time.monotonic()
    reading = _read(source, scope)
    took = time.monotonic() - begun
    # Half of the time between two looks: what is shown is never older than these.
    usual = settings.DASHBOARD_REFRESH / 2 if source.kept is None else source.kept
    cache.set(key, reading, timeout=max(usual, _REST * took if took > _LONG else 0.0))
    return reading


def _read(source: Source, scope: Scope) -> _Reading:
    try:
        with statements_within(seconds=_PATIENCE):
            return _Reading(found=source.read(scope))
    except DomainError as error:
        return _Reading(failure=str(error))
    except OperationalError:
        return _Reading(failure=f"The database did not tell it within {_PATIENCE:g} s. It is asked again.")
