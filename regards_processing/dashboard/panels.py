"""What the page is made of: panels with tables, figures at the top, bars by the minute. Pure values."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from django.db.models import Model

from regards_processing.dashboard.links import Links
from regards_processing.kernel.readable_durations import readable_duration
from regards_processing.kernel.tenancy.models import Tenant

#: Rows of a panel that are shown; how many more there are is said.
MOST_ROWS: Final = 25
#: Requests of each status that are counted.
MOST_COUNTED: Final = 10_000
_ROUGHLY: Final = timedelta(minutes=1)


class Tone(StrEnum):
    """How a value is drawn; what it means is always said in words as well."""

    PLAIN = "plain"
    GOOD = "good"
    WARN = "warn"
    BAD = "bad"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What is looked at, and when."""

    #: One tenant, or none for all of them.
    tenant: Tenant | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Cell:
    """One value of a table."""

    text: object
    address: str = ""
    tone: Tone = Tone.PLAIN

    @property
    def is_number(self) -> bool:
        """Whether it stands at the right."""
        return isinstance(self.text, int | float)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One number at the top of the page."""

    label: str
    value: object
    address: str = ""
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """What happened in one minute; its place in the drawing is in its units."""

    minute: datetime
    count: int
    x: int
    y: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One section of the page."""

    title: str
    columns: Sequence[str] = ()
    #: The first cell of each is its heading.
    rows: Sequence[Sequence[Cell]] = ()
    #: Said below the title.
    note: str = ""
    #: Said in place of a table without rows.
    empty: str = "None."
    #: The page of the admin where one acts.
    address: str = ""
    figures: Sequence[Figure] = ()
    bars: Sequence[Bar] = ()
    #: What is wrong when it could not be read.
    failure: str = ""
    #: Rows that are not shown.
    left_out: int = 0
    #: Takes the whole width.
    wide: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a panel comes from."""

    key: str
    title: str
    #: Who may look at the pages of this one may see the panel.
    model: type[Model]
    #: Reads what is shown; the same for everybody who looks at the same scope.
    read: Callable[[Scope], Any]
    #: Makes the panel of it, with the links that one user may follow.
    show: Callable[[Any, Links], Panel]
    #: It says the same for every tenant: it is about the platform.
    of_platform: bool = False
    #: Seconds that it is kept; none: as long as the page waits between two looks.
    kept: float | None = None


def limited(rows: Iterable[Sequence[Cell]]) -> tuple[list[Sequence[Cell]], int]:
    """Return the rows that are shown, and how many are not."""
    every = list(rows)
    return every[:MOST_ROWS], max(0, len(every) - MOST_ROWS)


def ago(moment: datetime | None, at: datetime) -> str:
    """Return how long ago something was, in minutes at least: a page that says seconds is never the same."""
    if moment is None:
        return "never"
    passed = max(timedelta(), at - moment)
    if passed < _ROUGHLY:
        return "under 1 min"
    return readable_duration(passed // timedelta(minutes=1) * 60_000)
