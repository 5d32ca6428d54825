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

#: Global attributes that hold the covered time (ACDD and its habits).
_COVERAGE: Final = (
    ("time_coverage_start", "time_coverage_end"),
    ("start_time", "end_time"),
    ("start_date", "end_date"),
)

#: Kinds of horizontal axes and their letter in the datacube extension.
_AXES: Final = {
    "latitude": "y",
    "longitude": "x",
    "projection_y_coordinate": "y",
    "projection_x_coordinate": "x",
}

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
    return {key: text for key, text in texts.items() if text}


def _dimensions(variables: Variables, *, interval: Interval | None) -> Iterator[tuple[str, dict[str, Any]]]:
    sizes: dict[str, int] = {}
    for path, variable in variables.items():
        if path:
            sizes |= dict(zip(variable.dimensions, variable.shape, strict=True))
    axes = {_last(cf_grid.find_axis(variables, kind)): axis for kind, axis in _AXES.items()}
    for name, size in sizes.items():
        coordinate = variables.get(name)
        yield name, _dimension(name, size, coordinate, axis=axes.get(name), interval=interval)


def _dimension(
    name: str, size: int, coordinate: Any, *, axis: str | None, interval: Interval | None
) -> dict[str, Any]:
    if coordinate is None or not is_numeric(coordinate):
        return {"type": "index", "regards:size": size}
    units = attribute(coordinate, "units")
    if is_time_unit(units) and interval and interval.source is TimeSource.DATA:
        extent: list[Any] = [_text(interval.start), _text(interval.end)]
        return {"type": "temporal", "extent": extent, "regards:size": size}
    values = read_values(coordinate) if 0 < size <= MAX_VALUES else np.array([])
    known = values[np.isfinite(values)]
    extent = [float(known.min()), float(known.max())] if known.size else [None, None]
    described: dict[str, Any] = {"extent": extent, "regards:size": size}
    if axis:
        return {"type": "spatial", "axis": axis, **described}
    return {"type": attribute(coordinate, "standard_name") or name, **described} | (
        {"unit": units} if units else {}
    )


def _variables(variables: Variables) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, variable in variables.items():
        if not path:
            continue
        described: dict[str, Any] = {
            "dimensions": list(variable.dimensions),
            "type": "auxiliary" if path.rsplit("/", 1)[-1] in variable.dimensions else "data",
            "shape": list(variable.shape),
            "data_type": str(variable.dtype),
        }
        texts = {
            "unit": attribute(variable, "units"),
            "description": attribute(variable, "long_name"),
            "standard_name": attribute(variable, "standard_name"),
        }
        yield path, described | {key: text for key, text in texts.items() if text}


def _interval(variables: Variables, *, name: str, notes: list[str]) -> Interval | None:
    for path, variable in variables.items():
        if path and is_time_unit(attribute(variable, "units")) and is_numeric(variable):
            try:
                return _from_coordinate(variables, path, name=name)
            except UnsupportedTime as error:
                notes.append(f"{name}: {path}: {error}")
    return _from_attributes(variables[""], name=name)


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
                start=start, end=end, source=TimeSource.DATA, origin=f"attribute {first} of {name}"
            )
    return None


def _last(path: str | None) -> str:
    return (path or "").rsplit("/", 1)[-1]


def _text(date: Any) -> str:
    return str(date.isoformat().replace("+00:00", "Z"))
