"""Footprints in WGS84 as GeoJSON wants them: longitudes in -180…180, cut at the antimeridian."""

import math
from collections.abc import Iterable
from typing import Any, Final

import numpy as np
import shapely
from affine import Affine
from rasterio.crs import CRS
from shapely import orient_polygons
from shapely.affinity import translate
from shapely.geometry import MultiPoint, Polygon, box, mapping
from shapely.geometry.base import BaseGeometry
from shapely.ops import unary_union

from workers.builtin.raster_metadata.outline import WGS84, Array, Outline, outline, poles_of, positions

#: Decimals of a degree, about a centimetre.
_DECIMALS: Final = 7
_FULL_CIRCLE: Final = 360.0
_POLE: Final = 90.0
#: What is nearer to a pole, in degrees, lies at it.
_AT_POLE: Final = 1e-7
#: Coordinates of swaths a little beyond are rounded; what is farther off is no coordinate.
_ROUNDED: Final = 1e-3
_FARTHEST: Final = 2 * _FULL_CIRCLE
#: Fewer corners are no area.
_CORNERS: Final = 3
#: Half the width, in degrees, that points and lines get beside areas.
_SPECK: Final = 1e-6


def of_grid(*, transform: Affine, width: int, height: int, crs: CRS) -> BaseGeometry | None:
    """Return the footprint of a raster grid, outer pixel edges included; ``None`` if it has none on Earth."""
    poles = () if crs.is_geographic or transform.is_degenerate else poles_of(transform, crs)
    edges = outline(width, height, through=[(each.column, each.row) for each in poles])
    with np.errstate(over="ignore", invalid="ignore"):
        xs = transform.a * edges.columns + transform.b * edges.rows + transform.c
        ys = transform.d * edges.columns + transform.e * edges.rows + transform.f
    if crs.is_geographic:
        # The outer half of a pixel that is centred at a pole lies nowhere.
        quarter = math.pi / 2 / crs.units_factor[1]
        ys = np.clip(ys, -quarter, quarter)
    inside = [each.latitude for each in poles if 0 < each.column < width and 0 < each.row < height]
    return of_outline(Outline(xs, ys), crs=crs, pole=inside[0] if inside else None)


def of_outline(edges: Outline, *, crs: CRS = WGS84, pole: float | None = None) -> BaseGeometry | None:
    """Return the footprint of an outline in a coordinate system; ``None`` if it has none on Earth.

    ``pole`` is the latitude of the pole that lies inside.
    """
    lons, lats = positions(crs, edges)
    # Far beyond, rounding leaves turns without number that the outline would be cut at.
    on_earth = (np.abs(lons) <= _FARTHEST) & (np.abs(lats) <= _POLE)
    if on_earth.sum() < _CORNERS:
        return None
    lons, lats = lons[on_earth], lats[on_earth]
    if pole is not None:
        return _wrapped(_around_pole(lons, lats, pole))
    if not crs.is_geographic:
        lons, lats = _through_pole(lons, lats)
    return _wrapped(_valid(np.unwrap(lons, period=_FULL_CIRCLE), lats))


def of_box(*, west: float, south: float, east: float, north: float) -> BaseGeometry | None:
    """Return the footprint of a box of longitudes (west before east) and latitudes; ``None`` off Earth."""
    south, north = max(south, -_POLE), min(north, _POLE)
    if east - west >= _FULL_CIRCLE:
        west, east = -180.0, 180.0
    if south > north or max(-west, east) > _FARTHEST:
        return None
    if west == east or south == north:
        return _wrapped(MultiPoint([(west, south), (east, north)]).convex_hull)
    return _wrapped(box(west, south, east, north))


def of_points(*, lons: Array, lats: Array) -> BaseGeometry | None:
    """Return the convex footprint of scattered positions, such as a swath; ``None`` without a position.

    What is no position on Earth, such as a fill value, is left out.
    """
    with np.errstate(invalid="ignore"):
        known = (np.abs(lats) <= _POLE + _ROUNDED) & (np.abs(lons) <= _FARTHEST)
    lons, lats = lons[known], np.clip(lats[known], -_POLE, _POLE)
    if not lons.size:
        return None
    return _wrapped(MultiPoint(np.column_stack([in_one_turn(lons), lats])).convex_hull)


def in_one_turn(lons: Array) -> Array:
    """Return longitudes in -180…180 or in 0…360, whichever keeps them closer together."""
    wrapped = (lons + 180) % _FULL_CIRCLE - 180
    turned = lons % _FULL_CIRCLE
    return wrapped if np.ptp(wrapped) <= np.ptp(turned) else turned


def merged(footprints: Iterable[BaseGeometry]) -> BaseGeometry | None:
    """Return the union of footprints; ``None`` without any.

    Beside areas, points and lines become small areas: STAC knows no geometry of both.
    """
    parts = list(footprints)
    if len({shapely.get_dimensions(part) for part in parts}) > 1:
        parts = [part if part.area else part.buffer(_SPECK, quad_segs=1) for part in parts]
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


def _around_pole(lons: Array, lats: Array, pole: float) -> BaseGeometry:
    """Return what lies between an outline and the pole that it goes around."""
    turned = np.unwrap(np.append(lons, lons[0]), period=_FULL_CIRCLE)
    edge = float(lats.min() if pole > 0 else lats.max())
    if not math.isclose(abs(turned[-1] - turned[0]), _FULL_CIRCLE, abs_tol=1.0):
        # Parts of the outline are off the Earth.
        return box(-180, min(edge, pole), 180, max(edge, pole))
    return _valid(np.append(turned, [turned[-1], turned[0]]), np.concatenate([lats, lats[:1], [pole, pole]]))


def _through_pole(lons: Array, lats: Array) -> tuple[Array, Array]:
    """Open an outline at a pole that it goes through: seen in degrees, the pole is a line."""
    at_pole = np.flatnonzero(np.abs(lats) > _POLE - _AT_POLE)
    if at_pole.size != 1:
        return lons, lats
    pole = float(lats[at_pole[0]])
    lons, lats = (np.roll(each, -at_pole[0])[1:] for each in (lons, lats))
    lons = np.unwrap(lons, period=_FULL_CIRCLE)
    return np.append(lons, [lons[-1], lons[0]]), np.append(lats, [pole, pole])


def _valid(lons: Array, lats: Array) -> BaseGeometry:
    """Return the area of an outline; what has none is a line or a point."""
    polygon = Polygon(np.column_stack([lons, lats]))
    area = polygon if polygon.is_valid else polygon.buffer(0)
    if not area.area:
        return MultiPoint(np.column_stack([lons, lats])).convex_hull
    # Points on a straight line say nothing.
    return area.simplify(1e-9)


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
    # A shape that only touches the antimeridian has a part of fewer dimensions beyond it.
    parts = shapely.get_parts(pieces)
    return unary_union(parts[shapely.get_dimensions(parts) == shapely.get_dimensions(shape)])


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(item) for item in value]
    return round(value, _DECIMALS) if isinstance(value, float) else value
