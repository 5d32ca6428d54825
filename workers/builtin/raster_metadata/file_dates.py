"""Dates of a file when its data names none."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from workers.builtin.raster_metadata.description import Interval, TimeSource

#: A day, perhaps with a time, set apart from other digits: ``20180112``, ``2018-01-12``, ``20180112T101530``.
_IN_NAME: Final = re.compile(
    r"(?<!\d)((?:19|20)\d{2})([-_]?)(\d{2})\2(\d{2})(?:[T_-]?(\d{2}):?(\d{2}):?(\d{2})(?:\.\d+)?Z?)?(?!\d)"
)
_LONG_FORMS: Final = ("%Y:%m:%d %H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%Y%m%d", "%Y/%m/%d")


def from_text(text: str) -> datetime | None:
    """Return the date of a tag or attribute, UTC unless it says otherwise; ``None`` when it is no date."""
    try:
        date = datetime.fromisoformat(text.strip())
    except ValueError:
        return next((found for form in _LONG_FORMS if (found := _parsed(text.strip(), form))), None)
    try:
        return date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC)
    except OverflowError:
        # The first hours of the year 1, or the last of the year 9999, of another zone.
        return None


def from_name(name: str) -> Interval | None:
    """Return the first date in a file name: products name their acquisition before their processing."""
    for match in _IN_NAME.finditer(name):
        digits = [int(part) for part in match.group(1, 3, 4, 5, 6, 7) if part is not None]
        try:
            date = datetime(*digits[:3], *digits[3:], tzinfo=UTC)  # type: ignore[misc, arg-type]
        except ValueError:
            continue
        return Interval(start=date, end=date, source=TimeSource.NAME, origin=f"date in the name of {name}")
    return None


def from_modification(path: Path, *, name: str) -> Interval:
    """Return the modification time of a file, to the second."""
    date = datetime.fromtimestamp(int(path.stat().st_mtime), tz=UTC)
    origin = f"modification time of {name}"
    return Interval(start=date, end=date, source=TimeSource.MODIFICATION, origin=origin)


def _parsed(text: str, form: str) -> datetime | None:
    try:
        return datetime.strptime(text, form).replace(tzinfo=UTC)
    except ValueError:
        return None
