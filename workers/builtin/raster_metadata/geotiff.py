"""Describing a GeoTIFF."""

import math
from pathlib import Path
from typing import Any, Final

from pystac.extensions.projection import SCHEMA_URI as PROJECTION
from pystac.extensions.raster import SCHEMA_URI as RASTER
from rasterio.transform import from_gcps
from shapely.geometry.base import BaseGeometry

from workers.builtin.geotiff_files import open_geotiff
from workers.builtin.raster_metadata import footprint
from workers.builtin.raster_metadata.band_statistics import band_statistics
from workers.builtin.raster_metadata.description import Description, Interval, TimeSource
from workers.builtin.raster_metadata.file_dates import from_text

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
            notes=() if shape else (f"{name} has no position on Earth",),
        )


def footprint_of(dataset: Any) -> BaseGeometry | None:
    """Return the footprint of an open dataset, by its grid or by its ground control points."""
    crs, transform = dataset.crs, dataset.transform
    points, points_crs = dataset.gcps
    if points and points_crs:
        crs, transform = points_crs, from_gcps(points)
    if not crs or (not points and transform.is_identity):
        return None
    return footprint.of_grid(transform=transform, width=dataset.width, height=dataset.height, crs=crs)


def _projection(dataset: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {"proj:shape": [dataset.height, dataset.width]}
    if not dataset.crs:
        return fields
    epsg = dataset.crs.to_epsg()
    fields["proj:code"] = f"EPSG:{epsg}" if epsg else None
    if not epsg:
        fields["proj:wkt2"] = dataset.crs.to_wkt(version="WKT2_2019")
    fields["proj:transform"] = [float(number) for number in tuple(dataset.transform)]
    fields["proj:bbox"] = [float(number) for number in dataset.bounds]
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
