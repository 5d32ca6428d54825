"""Times of the CF conventions as dates of the civil calendar."""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final

_SECONDS: Final = {"second": 1.0, "sec": 1.0, "s": 1.0, "minute": 60.0, "min": 60.0} | {
    "hour": 3600.0,
    "hr": 3600.0,
    "h": 3600.0,
    "day": 86400.0,
    "d": 86400.0,
    "week": 604800.0,
    "millisecond": 1e-3,
    "msec": 1e-3,
    "microsecond": 1e-6,
    "nanosecond": 1e-9,
}
_UNITS: Final = re.compile(
    r"(?P<unit>[a-zA-Z]+?)s?\s+since\s+(?P<year>\d{1,4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})"
    r"(?:[T\s]+(?P<hour>\d{1,2}):(?P<minute>\d{1,2})(?::(?P<second>\d{1,2}(?:\.\d*)?))?)?"
    # The spaces belong to the zone: two runs of them side by side would be tried in every split.
    r"(?:\s*(?P<zone>Z|UTC|GMT|[+-]\d{1,2}(?::?\d{2})?))?\s*"
)
_GREGORIAN_START: Final = date(1582, 10, 15)
#: Days of 400 years.
_CYCLE: Final = 146_097
_DAY: Final = 86_400
_MONTHS: Final = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class UnsupportedTime(ValueError):
    """A time coordinate that cannot be turned into dates."""


def is_time_unit(units: str) -> bool:
    """Tell whether units count time from a date."""
    return _UNITS.fullmatch(units) is not None


def decode(values: Sequence[float], *, units: str, calendar: str) -> list[datetime]:
    """Return aware UTC dates, rounded to milliseconds.

    Raises:
        UnsupportedTime: the units, the calendar or a value has no civil date.
    """
    match = _UNITS.fullmatch(units.strip())
    scale = _SECONDS.get(match["unit"].lower()) if match else None
    if match is None or scale is None:
        raise UnsupportedTime(f"time units {units!r} are not '<seconds to weeks> since <date>'")
    year, month, day = int(match["year"]), int(match["month"]), int(match["day"])
    name = calendar.strip().lower() or "standard"
    offset = _seconds_of_day(match) - _zone_seconds(match["zone"])
    try:
        if name in _MODEL_CALENDARS:
            return [_from_model_day(name, (year, month, day), offset + value * scale) for value in values]
        start = _ordinal(name, year, month, day)
        return [_from_ordinal(start, offset + value * scale) for value in values]
    except (OverflowError, ValueError) as error:
        raise UnsupportedTime(f"time in {units!r} ({name}) has no civil date: {error}") from error


def _seconds_of_day(match: re.Match[str]) -> float:
    return int(match["hour"] or 0) * 3600 + int(match["minute"] or 0) * 60 + float(match["second"] or 0)


def _zone_seconds(zone: str | None) -> int:
    if not zone or zone[0] not in "+-":
        return 0
    digits = zone[1:].replace(":", "")
    hours, minutes = (digits, "0") if len(digits) < 3 else (digits[:-2], digits[-2:])  # noqa: PLR2004
    return (1 if zone[0] == "+" else -1) * (int(hours) * 3600 + int(minutes) * 60)


def _ordinal(calendar: str, year: int, month: int, day: int) -> int:
    """Return the proleptic Gregorian day number of a date of a real calendar."""
    # Year 0 exists as a reference; 400 years later the calendar repeats.
    gregorian = date(year + 400, month, day).toordinal() - _CYCLE
    if calendar == "proleptic_gregorian":
        return gregorian
    if calendar in {"standard", "gregorian"}:
        return gregorian if gregorian >= _GREGORIAN_START.toordinal() else _julian_ordinal(year, month, day)
    if calendar == "julian":
        return _julian_ordinal(year, month, day)
    raise UnsupportedTime(f"calendar {calendar!r} is not supported")


def _julian_ordinal(year: int, month: int, day: int) -> int:
    shifted = (month + 9) % 12
    years = year - (month <= 2)  # noqa: PLR2004 (the Julian year is counted from March)
    return 365 * years + years // 4 + (153 * shifted + 2) // 5 + day - 308


def _from_ordinal(start: int, seconds: float) -> datetime:
    return datetime(1, 1, 1, tzinfo=UTC) + timedelta(days=start - 1, milliseconds=round(seconds * 1000))


#: Days per year of calendars that only climate models know.
_MODEL_CALENDARS: Final = {"noleap": 365, "365_day": 365, "all_leap": 366, "366_day": 366, "360_day": 360}


def _from_model_day(calendar: str, start: tuple[int, int, int], seconds: float) -> datetime:
    """Return the civil date of the same name; a 30 February becomes the last day of February."""
    lengths = _month_lengths(_MODEL_CALENDARS[calendar])
    days, milliseconds = divmod(round(seconds * 1000), _DAY * 1000)
    year, month, day = start
    total = year * sum(lengths) + sum(lengths[: month - 1]) + day - 1 + days
    year, day_of_year = divmod(total, sum(lengths))
    month = 1
    while day_of_year >= lengths[month - 1]:
        day_of_year -= lengths[month - 1]
        month += 1
    first = date(year, month, 1)
    last = (date(year + month // 12, month % 12 + 1, 1) - first).days
    midnight = datetime(year, month, min(day_of_year + 1, last), tzinfo=UTC)
    return midnight + timedelta(milliseconds=milliseconds)


def _month_lengths(days: int) -> tuple[int, ...]:
    if days == 360:  # noqa: PLR2004
        return (30,) * 12
    return _MONTHS if days == sum(_MONTHS) else (31, 29, *_MONTHS[2:])
