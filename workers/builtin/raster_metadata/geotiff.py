"""Describing a GeoTIFF."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
from pystac.extensions.projection import SCHEMA_URI as PROJECTION
from pystac.extensions.raster import SCHEMA_URI as RASTER
from rasterio._err import CPLE_BaseError
from rasterio.control import GroundControlPoint
from rasterio.crs import CRS
from rasterio.transform import GCPTransformer, RPCTransformer
from shapely.geometry.base import BaseGeometry

from workers.builtin.geotiff_files import open_geotiff
from workers.builtin.raster_metadata import footprint
from workers.builtin.raster_metadata.band_statistics import band_statistics
from workers.builtin.raster_metadata.description import Description, Interval, TimeSource
from workers.builtin.raster_metadata.file_dates import from_text
from workers.builtin.raster_metadata.outline import Outline, outline

#: Tags that hold the moment of acquisition, lower case, best first.
_DATE_TAGS: Final = (
    "acquisitiondatetime",
    "acquisition_datetime",
    "acquisition_date",
    "date_acquired",
    "sensing_time",
    "datetime",
    "tifftag_datetime",
)


def describe_geotiff(path: Path, *, name: str) -> Description:
    """Read position, grid, bands and date of a GeoTIFF.

    Raises:
        InvalidContent: the file is damaged or too large.
    """
    with open_geotiff(path, name=name) as dataset:
        shape = footprint_of(dataset)
        statistics, scope = band_statistics(dataset)
        bands = [_band(dataset, index, statistics=statistics.get(index)) for index in dataset.indexes]
        return Description(
            footprint=shape,
            interval=_interval(dataset, name=name),
            fields=_projection(dataset) | {"raster:bands": bands, "regards:statistics": scope},
            extensions=frozenset({PROJECTION, RASTER}),
            notes=tuple(_notes(dataset, shape, name=name)),
        )


def footprint_of(dataset: Any) -> BaseGeometry | None:
    """Return the footprint of an open dataset: by control points, by its grid, or by rational polynomials."""
    points, points_crs = dataset.gcps
    if points and points_crs:
        return _by_control_points(dataset, points, points_crs)
    if dataset.crs and not dataset.transform.is_identity:
        return footprint.of_grid(
            transform=dataset.transform, width=dataset.width, height=dataset.height, crs=dataset.crs
        )
    return _by_polynomials(dataset) if dataset.rpcs else None


def _by_control_points(dataset: Any, points: list[Any], crs: CRS) -> BaseGeometry | None:
    xs = np.array([point.x for point in points])
    if crs.is_geographic:
        # Points on both sides of the antimeridian are close together.
        xs = footprint.in_one_turn(xs)
    moved = [
        GroundControlPoint(row=point.row, col=point.col, x=x, y=point.y, z=point.z)
        for point, x in zip(points, xs, strict=True)
    ]
    try:
        with GCPTransformer(moved) as transformer:
            return footprint.of_outline(_edges(dataset, transformer), crs=crs)
    except CPLE_BaseError:
        # Too few of them, or all on one line.
        return None


def _by_polynomials(dataset: Any) -> BaseGeometry | None:
    """Return the footprint at the height that the polynomials are centred at."""
    try:
        with RPCTransformer(dataset.rpcs, rpc_height=dataset.rpcs.height_off) as transformer:
            return footprint.of_outline(_edges(dataset, transformer))
    except CPLE_BaseError:
        return None


def _edges(dataset: Any, transformer: Any) -> Outline:
    edges = outline(dataset.width, dataset.height)
    xs, ys = transformer.xy(edges.rows, edges.columns, offset="ul")
    return Outline(np.asarray(xs, np.float64), np.asarray(ys, np.float64))


def _notes(dataset: Any, shape: BaseGeometry | None, *, name: str) -> Iterator[str]:
    if shape is None:
        yield f"{name} has no position on Earth"
    elif not dataset.crs and not dataset.gcps[0]:
        yield f"{name} is placed by its rational polynomials, at a height of {dataset.rpcs.height_off:g} m"


def _projection(dataset: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {"proj:shape": [dataset.height, dataset.width]}
    if not dataset.crs:
        return fields
    epsg = dataset.crs.to_epsg()
    fields["proj:code"] = f"EPSG:{epsg}" if epsg else None
    if not epsg:
        fields["proj:wkt2"] = dataset.crs.to_wkt(version="WKT2_2019")
    corners = [dataset.transform @ (x, y) for x in (0, dataset.width) for y in (0, dataset.height)]
    xs, ys = zip(*corners, strict=True)
    grid = [float(number) for number in tuple(dataset.transform)]
    box = [float(number) for number in (min(xs), min(ys), max(xs), max(ys))]
    # JSON has no other numbers.
    if all(math.isfinite(number) for number in (*grid, *box)):
        fields |= {"proj:transform": grid, "proj:bbox": box}
    return fields


def _band(dataset: Any, index: int, *, statistics: dict[str, float] | None) -> dict[str, Any]:
    kind, nodata = dataset.dtypes[index - 1], dataset.nodatavals[index - 1]
    band: dict[str, Any] = {"data_type": _data_type(kind)}
    if nodata is not None:
        band["nodata"] = _json_number(float(nodata))
    if dataset.descriptions[index - 1]:
        band["name"] = dataset.descriptions[index - 1]
    if dataset.units[index - 1]:
        band["unit"] = dataset.units[index - 1]
    scaling = dataset.scales[index - 1], dataset.offsets[index - 1]
    if scaling != (1.0, 0.0):
        band["scale"], band["offset"] = (float(number) for number in scaling)
    if statistics:
        band["statistics"] = statistics
    return band


def _data_type(kind: str) -> str:
    known = {"complex_int16": "cint16", "complex64": "cfloat32", "complex128": "cfloat64"}
    return known.get(kind, kind)


def _json_number(number: float) -> float | str:
    """Return a number, or the text that STAC uses where JSON has none."""
    if math.isnan(number):
        return "nan"
    if math.isinf(number):
        return "inf" if number > 0 else "-inf"
    return number


def _interval(dataset: Any, *, name: str) -> Interval | None:
    tags = {key.lower(): str(value) for key, value in dataset.tags().items()}
    tags |= {key.lower(): str(value) for key, value in dataset.tags(ns="IMAGERY").items()}
    for key in _DATE_TAGS:
        date = from_text(tags.get(key, ""))
        if date:
            origin = f"tag {key.upper()} of {name}"
            return Interval(start=date, end=date, source=TimeSource.DATA, origin=origin)
    return None
