"""What was learnt from one file."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from typing import Any

from shapely.geometry.base import BaseGeometry


class TimeSource(IntEnum):
    """Where a date comes from, best first."""

    #: A time coordinate, or a tag or attribute of the file.
    DATA = 0
    #: A date in the file's name.
    NAME = 1
    #: The file's modification time, as the archive gave it.
    MODIFICATION = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """First and last moment that a file covers, both included."""

    start: datetime
    end: datetime
    source: TimeSource
    #: In words, for the item's properties.
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """The STAC view of one file."""

    #: Footprint in WGS84, ready for GeoJSON; ``None`` when the file has no position.
    footprint: BaseGeometry | None
    #: ``None`` when the data names no date.
    interval: Interval | None
    #: Fields of the asset.
    fields: dict[str, Any]
    #: Schemas of the STAC extensions that the fields follow.
    extensions: frozenset[str]
    #: What the reader should know: something missing or left out.
    notes: tuple[str, ...] = field(default=())
    #: Properties of the item, as far as all its files agree.
    properties: dict[str, Any] = field(default_factory=dict)
