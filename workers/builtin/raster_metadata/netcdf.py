"""Describing a netCDF-4 file."""

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from pystac.extensions.datacube import SCHEMA_URI as DATACUBE

from workers.builtin.netcdf_files import MAX_VALUES, attribute, is_numeric, open_netcdf, read_values
from workers.builtin.raster_metadata import cf_grid
from workers.builtin.raster_metadata.cf_time import UnsupportedTime, decode, is_time_unit
from workers.builtin.raster_metadata.description import Description, Interval, TimeSource
from workers.builtin.raster_metadata.file_dates import from_text

#: Characters of an attribute that is told.
MAX_TEXT: Final = 2000
#: Global attributes that hold the covered time (ACDD and its habits).
_COVERAGE: Final = (
    ("time_coverage_start", "time_coverage_end"),
    ("start_time", "end_time"),
    ("start_date", "end_date"),
)

Variables = Mapping[str, Any]


def describe_netcdf(path: Path, *, name: str) -> Description:
    """Read position, variables, dimensions and time of a netCDF-4 file.

    Raises:
        InvalidContent: the file is damaged, too large, or refers to other files.
    """
    with open_netcdf(path, name=name) as variables:
        notes: list[str] = []
        shape = cf_grid.footprint_of(variables)
        interval = _interval(variables, name=name, notes=notes)
        if shape is None:
            notes.append(f"{name} has no coordinates that place it on Earth")
        return Description(
            footprint=shape,
            interval=interval,
            fields=_titles(variables[""])
            | {
                "cube:dimensions": dict(_dimensions(variables, interval=interval)),
                "cube:variables": dict(_variables(variables)),
            },
            extensions=frozenset({DATACUBE}),
            notes=tuple(notes),
        )


def _titles(root: Any) -> dict[str, Any]:
    texts = {"title": attribute(root, "title"), "description": attribute(root, "description")}
    return {key: text[:MAX_TEXT] for key, text in texts.items() if text}


def _dimensions(variables: Variables, *, interval: Interval | None) -> Iterator[tuple[str, dict[str, Any]]]:
    sizes: dict[str, int] = {}
    for path, variable in variables.items():
        if path:
            sizes |= dict(zip(variable.dimensions, variable.shape, strict=True))
    axes = cf_grid.axes_of(variables)
    for name, size in sizes.items():
        coordinate = variables.get(name)
        yield name, _dimension(name, size, coordinate, axis=axes.get(name), interval=interval)


def _dimension(
    name: str, size: int, coordinate: Any, *, axis: cf_grid.Axis | None, interval: Interval | None
) -> dict[str, Any]:
    if coordinate is None or not is_numeric(coordinate) or coordinate.shape != (size,):
        return _index(size)
    units = attribute(coordinate, "units")
    if is_time_unit(units) and interval and interval.source is TimeSource.DATA:
        extent: list[Any] = [_text(interval.start), _text(interval.end)]
        return {"type": "temporal", "extent": extent, "regards:size": size}
    values = read_values(coordinate) if size <= MAX_VALUES else np.array([])
    known = values[np.isfinite(values)]
    if not known.size:
        return _index(size)
    ends = [float(known.min()), float(known.max())]
    if axis:
        return _horizontal(axis, ends, size=size)
    described: dict[str, Any] = {"extent": ends, "regards:size": size}
    return {"type": attribute(coordinate, "standard_name") or name, **described} | (
        {"unit": units} if units else {}
    )


def _horizontal(axis: cf_grid.Axis, ends: list[float], *, size: int) -> dict[str, Any]:
    extent = [end * axis.factor for end in ends]
    described: dict[str, Any] = {
        "type": "spatial",
        "axis": axis.letter,
        "extent": extent,
        "regards:size": size,
    }
    # Without it, STAC takes the values for degrees.
    return described | ({"reference_system": axis.reference_system} if axis.reference_system else {})


def _index(size: int) -> dict[str, Any]:
    """Return a dimension whose places have no values but their numbers."""
    return {"type": "index", "extent": [0, max(size - 1, 0)], "regards:size": size}


def _variables(variables: Variables) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, variable in variables.items():
        if not path:
            continue
        described: dict[str, Any] = {
            "dimensions": list(variable.dimensions),
            "type": "auxiliary" if _is_dimension(variables, path) else "data",
            "shape": list(variable.shape),
            "data_type": str(variable.dtype),
        }
        texts = {
            "unit": attribute(variable, "units"),
            "description": attribute(variable, "long_name"),
            "standard_name": attribute(variable, "standard_name"),
        }
        yield path, described | {key: text[:MAX_TEXT] for key, text in texts.items() if text}


def _interval(variables: Variables, *, name: str, notes: list[str]) -> Interval | None:
    for path in _times(variables):
        try:
            return _from_coordinate(variables, path, name=name)
        except UnsupportedTime as error:
            notes.append(f"{name}: {path}: {error}")
    return _from_attributes(variables[""], name=name)


def _times(variables: Variables) -> list[str]:
    """Return the paths of what counts time, best first: the time of the data, a dimension, any other."""
    found = [
        path
        for path, variable in variables.items()
        if path and is_time_unit(attribute(variable, "units")) and is_numeric(variable)
    ]
    return sorted(found, key=lambda path: (not _is_time(variables[path]), not _is_dimension(variables, path)))


def _is_time(variable: Any) -> bool:
    # Not "forecast_reference_time" and the like.
    return attribute(variable, "standard_name") == "time" or attribute(variable, "axis") == "T"


def _is_dimension(variables: Variables, path: str) -> bool:
    return _last(path) in variables[path].dimensions


def _from_coordinate(variables: Variables, path: str, *, name: str) -> Interval | None:
    variable = variables[path]
    times = variables[cf_grid.bounds_of(variables, path) or path]
    if math.prod(times.shape) > MAX_VALUES:
        raise UnsupportedTime(f"more than {MAX_VALUES} values")
    values = read_values(times)
    known = values[np.isfinite(values)]
    if not known.size:
        raise UnsupportedTime("no value")
    start, end = decode(
        [float(known.min()), float(known.max())],
        units=attribute(variable, "units"),
        calendar=attribute(variable, "calendar"),
    )
    return Interval(start=start, end=end, source=TimeSource.DATA, origin=f"coordinate {path} of {name}")


def _from_attributes(root: Any, *, name: str) -> Interval | None:
    for first, last in _COVERAGE:
        start = from_text(attribute(root, first))
        if start:
            end = from_text(attribute(root, last)) or start
            return Interval(
                start=min(start, end),
                end=max(start, end),
                source=TimeSource.DATA,
                origin=f"attribute {first} of {name}",
            )
    return None


def _last(path: str) -> str:
    return path.rsplit("/", 1)[-1]


def _text(date: Any) -> str:
    return str(date.isoformat().replace("+00:00", "Z"))
