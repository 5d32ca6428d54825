"""The outline of a grid of pixels, and where the points of one lie on Earth."""

import contextlib
import math
from collections.abc import Iterable
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from affine import Affine
from rasterio._err import CPLE_BaseError
from rasterio.crs import CRS
from rasterio.errors import CRSError
from rasterio.warp import transform as to_crs

WGS84: Final = CRS.from_epsg(4326)
#: Points along each side of a grid: straight lines of one projection are curves of another.
_POINTS_PER_SIDE: Final = 21
#: Degrees that a pole may be off after it was projected and brought back.
_SAME_POLE: Final = 1e-6
#: What a coordinate system raises that has no way to another, such as one of a building or of the Moon.
_NO_WAY: Final = (CPLE_BaseError, CRSError)

Array = npt.NDArray[np.float64]


class Outline(NamedTuple):
    """Points of a closed line, the first one not repeated: columns and rows, or coordinates."""

    columns: Array
    rows: Array


class Pole(NamedTuple):
    """Where a grid would have a pole."""

    latitude: float
    column: float
    row: float


def outline(width: int, height: int, *, through: Iterable[tuple[float, float]] = ()) -> Outline:
    """Return the outer pixel edges of a grid, counter-clockwise as it is drawn.

    ``through`` are columns and rows, of poles, whose nearest points of each side are needed as well.
    """
    places = list(through)
    along = _side(width, [column for column, _ in places])
    down = _side(height, [row for _, row in places])
    columns = [np.zeros(down.size - 1), along[:-1], np.full(down.size - 1, width), along[:0:-1]]
    rows = [down[:-1], np.full(along.size - 1, height), down[:0:-1], np.zeros(along.size - 1)]
    return Outline(np.concatenate(columns), np.concatenate(rows))


def positions(crs: CRS, places: Outline) -> tuple[Array, Array]:
    """Return longitudes and latitudes in WGS84, infinite where there are none."""
    return _transformed(crs, WGS84, *places)


def poles_of(transform: Affine, crs: CRS) -> tuple[Pole, ...]:
    """Return the poles that are one point of a projection, and not a line or infinitely far off."""
    found = []
    for latitude in (90.0, -90.0):
        (x,), (y,) = _transformed(WGS84, crs, np.array([0.0]), np.array([latitude]))
        if not (math.isfinite(x) and math.isfinite(y)):
            continue
        back = _transformed(crs, WGS84, np.array([x]), np.array([y]))[1][0]
        if abs(back - latitude) < _SAME_POLE:
            inverse = ~transform
            column = inverse.a * x + inverse.b * y + inverse.c
            row = inverse.d * x + inverse.e * y + inverse.f
            found.append(Pole(latitude, float(column), float(row)))
    return tuple(found)


def _side(length: int, others: list[float]) -> Array:
    points = [*np.linspace(0, length, _POINTS_PER_SIDE), *(each for each in others if 0 < each < length)]
    return np.unique(np.asarray(points, np.float64))


def _transformed(source: CRS, target: CRS, xs: Array, ys: Array) -> tuple[Array, Array]:
    """Return transformed coordinates, infinite where there are none."""
    found = np.full((2, xs.size), math.inf)
    try:
        found[:] = to_crs(source, target, list(xs), list(ys))
    except _NO_WAY:
        # One point off the Earth fails all of them; the others are worth having.
        for index, (x, y) in enumerate(zip(xs, ys, strict=True)):
            with contextlib.suppress(*_NO_WAY):
                found[:, [index]] = to_crs(source, target, [x], [y])
    return found[0], found[1]
