"""Finding where the values of a netCDF file lie, by the CF conventions."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from affine import Affine
from rasterio.crs import CRS
from rasterio.errors import CRSError
from shapely.geometry.base import BaseGeometry

from workers.builtin.netcdf_files import MAX_VALUES, Values, attribute, read_values, thinned
from workers.builtin.raster_metadata import footprint

_UNITS: Final = {
    "latitude": {"degrees_north", "degree_north", "degree_n", "degrees_n", "degreen", "degreesn"},
    "longitude": {"degrees_east", "degree_east", "degree_e", "degrees_e", "degreee", "degreese"},
}
#: Lengths in metres by what files call them; what is not named is in the unit of the projection.
_METRES: Final = {"m": 1.0, "meter": 1.0, "meters": 1.0, "metre": 1.0, "metres": 1.0} | dict.fromkeys(
    ("km", "kilometer", "kilometers", "kilometre", "kilometres"), 1000.0
)
#: Directions as a satellite sees them, and no places in a plane.
_ANGLES: Final = frozenset({"rad", "radian", "radians", "microradian", "microradians"})
#: Positions of a swath that are looked at.
_SWATH_POINTS: Final = 250_000
#: Degrees.
_TURN: Final = 360.0

#: Kinds of horizontal axes and their letter in the datacube extension.
_LETTERS: Final = {"latitude": "y", "longitude": "x"}
_LETTERS_OF_PROJECTIONS: Final = {"projection_y_coordinate": "y", "projection_x_coordinate": "x"}

Variables = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """A horizontal axis of a file."""

    letter: str
    #: What its values are multiplied by to be in the unit of the system.
    factor: float = 1.0
    #: EPSG code or WKT; ``None`` is WGS84.
    reference_system: int | str | None = None


def axes_of(variables: Variables) -> dict[str, Axis]:
    """Return the horizontal axes that are understood, by the name of their coordinate."""
    found = {}
    for kind, letter in _LETTERS.items():
        path = find_axis(variables, kind)
        if path:
            found[_last(path)] = Axis(letter=letter)
    crs = projection_of(variables)
    for kind, letter in _LETTERS_OF_PROJECTIONS.items():
        path = find_axis(variables, kind)
        if path and crs and not _is_angle(variables[path]):
            system = crs.to_epsg() or crs.to_wkt(version="WKT2_2019")
            length = _length(variables[path], crs)
            found[_last(path)] = Axis(letter=letter, factor=length, reference_system=system)
    return found


class _NoValues(ValueError):
    """A coordinate has no values: an empty granule, or nothing but fill values."""


def footprint_of(variables: Variables) -> BaseGeometry | None:
    """Return the footprint of a file; ``None`` when its coordinates are not understood, or empty."""
    try:
        return _footprint_of(variables)
    except _NoValues:
        return None


def _footprint_of(variables: Variables) -> BaseGeometry | None:
    lat, lon = find_axis(variables, "latitude"), find_axis(variables, "longitude")
    if lat and lon:
        return _geographic(variables, lat=lat, lon=lon)
    x, y = find_axis(variables, "projection_x_coordinate"), find_axis(variables, "projection_y_coordinate")
    crs = projection_of(variables)
    if not (x and y and crs) or _is_angle(variables[x]):
        return None
    west, east = (edge * _length(variables[x], crs) for edge in _edges(variables, x))
    south, north = (edge * _length(variables[y], crs) for edge in _edges(variables, y))
    transform = Affine.translation(west, north) @ Affine.scale(east - west, south - north)
    return footprint.of_grid(transform=transform, width=1, height=1, crs=crs)


def find_axis(variables: Variables, standard_name: str) -> str | None:
    """Return the path of the first coordinate of that kind; ``None`` without one."""
    candidates = [path for path, variable in variables.items() if path and is_axis(variable, standard_name)]
    # A coordinate variable is named like its dimension; prefer it to look-alikes such as bounds.
    candidates.sort(key=lambda path: _last(path) not in variables[path].dimensions)
    return candidates[0] if candidates else None


def projection_of(variables: Variables) -> CRS | None:
    """Return the projection that a grid mapping spells out as WKT; ``None`` without one."""
    for path, variable in variables.items():
        for name in ("crs_wkt", "spatial_ref", "epsg_code"):
            text = attribute(variable, name) if path else ""
            try:
                if text:
                    return CRS.from_user_input(text)
            except CRSError:
                continue
    return None


def bounds_of(variables: Variables, path: str) -> str | None:
    """Return the path of the bounds of a coordinate, if the file has them."""
    name = attribute(variables[path], "bounds")
    folder = path.rpartition("/")[0]
    full = f"{folder}/{name}" if folder else name
    return full if name and full in variables else None


def is_axis(variable: Any, standard_name: str) -> bool:
    """Tell whether a variable is a coordinate of that kind."""
    if attribute(variable, "standard_name") == standard_name:
        return True
    return attribute(variable, "units").lower() in _UNITS.get(standard_name, set())


def _geographic(variables: Variables, *, lat: str, lon: str) -> BaseGeometry | None:
    if len(variables[lat].shape) > 1 and variables[lat].shape == variables[lon].shape:
        key = thinned(variables[lat].shape, most=_SWATH_POINTS)
        return footprint.of_points(
            lons=read_values(variables[lon], key).ravel(), lats=read_values(variables[lat], key).ravel()
        )
    if _along_track(variables, lat=lat, lon=lon):
        key = thinned(variables[lat].shape, most=MAX_VALUES)
        return footprint.of_points(
            lons=read_values(variables[lon], key), lats=read_values(variables[lat], key)
        )
    west, east = _edges_of_longitude(variables, lon)
    south, north = _edges(variables, lat)
    return footprint.of_box(west=west, south=south, east=east, north=north)


def _along_track(variables: Variables, *, lat: str, lon: str) -> bool:
    """Tell a list of positions (both along one dimension) from a grid (one dimension each)."""
    return bool(variables[lat].dimensions) and variables[lat].dimensions == variables[lon].dimensions


def _last(path: str) -> str:
    return path.rsplit("/", 1)[-1]


def _is_angle(variable: Any) -> bool:
    return attribute(variable, "units").lower() in _ANGLES


def _length(variable: Any, crs: CRS) -> float:
    """Return what a coordinate is to be multiplied by to be in the unit of a projection."""
    metres = _METRES.get(attribute(variable, "units").lower())
    return metres / float(crs.linear_units_factor[1]) if metres and crs.is_projected else 1.0


def _edges(variables: Variables, path: str) -> tuple[float, float]:
    """Return the outer edges of an axis: its bounds, or half a step beyond its first and last values."""
    cells = _cells(variables, path)
    if cells is not None:
        return float(cells.min()), float(cells.max())
    return _half_a_step_beyond(_values(variables[path]))


def _edges_of_longitude(variables: Variables, path: str) -> tuple[float, float]:
    """Do the same on a circle: an axis may jump from 180 to -180, or from 360 to 0, and goes on."""
    cells = _cells(variables, path)
    if cells is None:
        return _half_a_step_beyond(np.unwrap(_values(variables[path]), period=_TURN))
    starts, widths = np.unwrap(cells[:, 0], period=_TURN), cells[:, 1] - cells[:, 0]
    widths[widths < -_TURN / 2] += _TURN
    edges = np.concatenate([starts, starts + widths])
    return float(edges.min()), float(edges.max())


def _cells(variables: Variables, path: str) -> Values | None:
    """Return the two bounds of each cell of an axis; ``None`` if the file has none."""
    bounds = bounds_of(variables, path)
    if not bounds or variables[bounds].shape != (*variables[path].shape, 2):
        return None
    cells = read_values(variables[bounds], thinned(variables[bounds].shape, most=MAX_VALUES))
    known: Values = cells.reshape(-1, 2)
    known = known[np.isfinite(known).all(axis=1)]
    return known if known.size else None


def _half_a_step_beyond(values: Values) -> tuple[float, float]:
    known = np.sort(values)
    if known.size == 1:
        return float(known[0]), float(known[0])
    first, last = (known[1] - known[0]) / 2, (known[-1] - known[-2]) / 2
    return float(known[0] - first), float(known[-1] + last)


def _values(variable: Any) -> Values:
    values = read_values(variable, thinned(variable.shape, most=MAX_VALUES)).ravel()
    known = values[np.isfinite(values)]
    if not known.size:
        raise _NoValues(f"coordinate {variable.name!r} has no values")
    return known
