"""Footprints in WGS84 as GeoJSON wants them: longitudes in -180…180, cut at the antimeridian."""

import contextlib
import math
from collections.abc import Iterable
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from affine import Affine
from rasterio._err import CPLE_BaseError
from rasterio.crs import CRS
from rasterio.warp import transform as to_crs
from shapely import orient_polygons
from shapely.affinity import translate
from shapely.geometry import MultiPoint, Polygon, box, mapping
from shapely.geometry.base import BaseGeometry
from shapely.ops import unary_union

WGS84: Final = CRS.from_epsg(4326)
#: Points along each side of a grid: straight lines of one projection are curves of another.
_POINTS_PER_SIDE: Final = 21
#: Decimals of a degree, about a centimetre.
_DECIMALS: Final = 7
_FULL_CIRCLE: Final = 360.0
#: Fewer corners are no area.
_CORNERS: Final = 3

Array = npt.NDArray[np.float64]


def of_grid(*, transform: Affine, width: int, height: int, crs: CRS) -> BaseGeometry | None:
    """Return the footprint of a raster grid, outer pixel edges included; ``None`` if it has none on Earth."""
    columns, rows = _ring(width, height)
    xs = transform.a * columns + transform.b * rows + transform.c
    ys = transform.d * columns + transform.e * rows + transform.f
    lons, lats = _transformed(crs, WGS84, xs, ys)
    on_earth = np.isfinite(lons) & np.isfinite(lats) & (np.abs(lats) <= 90)  # noqa: PLR2004
    if on_earth.sum() < _CORNERS:
        return None
    lons, lats = lons[on_earth], lats[on_earth]
    for pole in (90.0, -90.0):
        if _inside(transform, width, height, crs, pole):
            edge = float(lats.min() if pole > 0 else lats.max())
            return box(-180, min(edge, pole), 180, max(edge, pole))
    if not crs.is_geographic or _span(lons) > _FULL_CIRCLE:
        lons = _unwrapped(lons)
    return _wrapped(_valid(Polygon(np.column_stack([lons, lats]))))


def of_box(*, west: float, south: float, east: float, north: float) -> BaseGeometry:
    """Return the footprint of a box of longitudes (of any turn, west before east) and latitudes."""
    south, north = max(south, -90.0), min(north, 90.0)
    if east - west >= _FULL_CIRCLE:
        return box(-180, south, 180, north)
    return _wrapped(box(west, south, east, north))


def of_points(*, lons: Array, lats: Array) -> BaseGeometry | None:
    """Return the convex footprint of scattered positions, such as a swath; ``None`` without a position."""
    known = np.isfinite(lons) & np.isfinite(lats)
    lons, lats = lons[known], np.clip(lats[known], -90, 90)
    if not lons.size:
        return None
    wrapped = (lons + 180) % _FULL_CIRCLE - 180
    turned = lons % _FULL_CIRCLE
    chosen = wrapped if _span(wrapped) <= _span(turned) else turned
    return _wrapped(MultiPoint(np.column_stack([chosen, lats])).convex_hull)


def merged(footprints: Iterable[BaseGeometry]) -> BaseGeometry | None:
    """Return the union of footprints; ``None`` without any."""
    parts = list(footprints)
    return unary_union(parts) if parts else None


def geojson(footprint: BaseGeometry) -> dict[str, Any]:
    """Return the GeoJSON geometry: outer rings counter-clockwise, seven decimals."""
    oriented = orient_polygons(footprint)
    return dict(_rounded(mapping(oriented)))


def bbox(footprint: BaseGeometry) -> list[float]:
    """Return west, south, east, north; west is greater than east when the antimeridian is crossed."""
    west, south, east, north = footprint.bounds
    parts = sorted((part.bounds[0], part.bounds[2]) for part in getattr(footprint, "geoms", [footprint]))
    if west == -180.0 and east == 180.0:  # noqa: PLR2004
        west, east = _across(parts)
    return [round(value, _DECIMALS) for value in (west, south, east, north)]


def _across(parts: list[tuple[float, float]]) -> tuple[float, float]:
    """Return the box around the widest gap between the parts; everything when there is no gap."""
    reached, gap = parts[0][1], (0.0, -180.0, 180.0)
    for start, end in parts[1:]:
        gap = max(gap, (start - reached, start, reached))
        reached = max(reached, end)
    return gap[1], gap[2]


def _ring(width: int, height: int) -> tuple[Array, Array]:
    along, down = np.linspace(0, width, _POINTS_PER_SIDE), np.linspace(0, height, _POINTS_PER_SIDE)
    columns = np.concatenate(
        [np.zeros(_POINTS_PER_SIDE - 1), along[:-1], np.full(_POINTS_PER_SIDE - 1, width), along[:0:-1]]
    )
    rows = np.concatenate(
        [down[:-1], np.full(_POINTS_PER_SIDE - 1, height), down[:0:-1], np.zeros(_POINTS_PER_SIDE - 1)]
    )
    return columns.astype(np.float64), rows.astype(np.float64)


def _transformed(source: CRS, target: CRS, xs: Array, ys: Array) -> tuple[Array, Array]:
    """Return transformed coordinates, infinite where there are none."""
    found = np.full((2, xs.size), math.inf)
    try:
        found[:] = to_crs(source, target, list(xs), list(ys))
    except CPLE_BaseError:
        # One point off the Earth fails all of them; the others are worth having.
        for index, (x, y) in enumerate(zip(xs, ys, strict=True)):
            with contextlib.suppress(CPLE_BaseError):
                found[:, [index]] = to_crs(source, target, [x], [y])
    return found[0], found[1]


def _inside(transform: Affine, width: int, height: int, crs: CRS, pole: float) -> bool:
    if crs.is_geographic:
        return False
    (x,), (y,) = _transformed(WGS84, crs, np.array([0.0]), np.array([pole]))
    if not (math.isfinite(x) and math.isfinite(y)):
        return False
    back = _transformed(crs, WGS84, np.array([x]), np.array([y]))[1][0]
    column, row = ~transform @ (x, y)
    # Only where the pole is one point of the projection, and not a line or far off.
    return bool(abs(back - pole) < 1e-6 and 0 < column < width and 0 < row < height)  # noqa: PLR2004


def _unwrapped(lons: Array) -> Array:
    """Follow the ring without jumps of a whole turn."""
    return np.unwrap(lons, period=_FULL_CIRCLE)


def _span(lons: Array) -> float:
    return float(lons.max() - lons.min())


def _valid(polygon: Polygon) -> BaseGeometry:
    # Points on a straight line say nothing.
    return (polygon if polygon.is_valid else polygon.buffer(0)).simplify(1e-9)


def _wrapped(shape: BaseGeometry) -> BaseGeometry:
    """Cut a shape at every antimeridian it crosses and bring all parts into -180…180."""
    west, _, east, _ = shape.bounds
    first, last = math.floor((west + 180) / _FULL_CIRCLE), math.ceil((east + 180) / _FULL_CIRCLE)
    turns = range(first, max(last, first + 1))
    if turns == range(1):
        return shape
    pieces = [
        translate(shape.intersection(box(-180 + 360 * turn, -90, 180 + 360 * turn, 90)), xoff=-360.0 * turn)
        for turn in turns
    ]
    return unary_union([piece for piece in pieces if piece.area > 0 or piece.length == shape.length == 0])


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(item) for item in value]
    return round(value, _DECIMALS) if isinstance(value, float) else value
