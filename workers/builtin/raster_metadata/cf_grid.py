"""Finding where the values of a netCDF file lie, by the CF conventions."""

from collections.abc import Mapping
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
#: Positions of a swath that are looked at.
_SWATH_POINTS: Final = 250_000

Variables = Mapping[str, Any]


def footprint_of(variables: Variables) -> BaseGeometry | None:
    """Return the footprint of a file; ``None`` when its coordinates are not understood."""
    lat, lon = find_axis(variables, "latitude"), find_axis(variables, "longitude")
    if lat and lon:
        return _geographic(variables, lat=lat, lon=lon)
    x, y = find_axis(variables, "projection_x_coordinate"), find_axis(variables, "projection_y_coordinate")
    crs = projection_of(variables)
    if not (x and y and crs):
        return None
    west, east = _edges(variables, x)
    south, north = _edges(variables, y)
    transform = Affine.translation(west, north) @ Affine.scale(east - west, south - north)
    return footprint.of_grid(transform=transform, width=1, height=1, crs=crs)


def find_axis(variables: Variables, standard_name: str) -> str | None:
    """Return the path of the first coordinate of that kind; ``None`` without one."""
    candidates = [path for path, variable in variables.items() if path and _is_axis(variable, standard_name)]
    # A coordinate variable is named like its dimension; prefer it to look-alikes such as bounds.
    candidates.sort(key=lambda path: path.rsplit("/", 1)[-1] not in variables[path].dimensions)
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


def _is_axis(variable: Any, standard_name: str) -> bool:
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
        return footprint.of_points(lons=_values(variables[lon]), lats=_values(variables[lat]))
    west, east = _edges(variables, lon)
    south, north = _edges(variables, lat)
    return footprint.of_box(west=west, south=south, east=east, north=north)


def _along_track(variables: Variables, *, lat: str, lon: str) -> bool:
    """Tell a list of positions (both along one dimension) from a grid (one dimension each)."""
    return bool(variables[lat].dimensions) and variables[lat].dimensions == variables[lon].dimensions


def _edges(variables: Variables, path: str) -> tuple[float, float]:
    """Return the outer edges of an axis: its bounds, or half a step beyond its first and last values."""
    bounds = bounds_of(variables, path)
    if bounds:
        known = _values(variables[bounds])
        return float(known.min()), float(known.max())
    known = np.sort(_values(variables[path]))
    if known.size == 1:
        return float(known[0]), float(known[0])
    first, last = (known[1] - known[0]) / 2, (known[-1] - known[-2]) / 2
    return float(known[0] - first), float(known[-1] + last)


def _values(variable: Any) -> Values:
    values = read_values(variable, thinned(variable.shape, most=MAX_VALUES)).ravel()
    known = values[np.isfinite(values)]
    if not known.size:
        raise ValueError(f"coordinate {variable.name!r} has no values")
    return known
