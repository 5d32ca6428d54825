"""Describing a GeoTIFF."""

import math
from pathlib import Path
from typing import Any, Final

import numpy as np
from pystac.extensions.projection import SCHEMA_URI as PROJECTION
from pystac.extensions.raster import SCHEMA_URI as RASTER
from rasterio.transform import from_gcps
from shapely.geometry.base import BaseGeometry

from workers.builtin.geotiff_files import open_geotiff
from workers.builtin.raster_metadata import footprint
from workers.builtin.raster_metadata.description import Description, Interval, TimeSource
from workers.builtin.raster_metadata.file_dates import from_text

#: Statistics of larger bands are computed on an evenly spread sample of at most this square.
SAMPLE_SIDE: Final = 2048
#: Bands whose statistics are computed; the others are only listed.
MAX_BANDS_WITH_STATISTICS: Final = 64
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
        sampled = max(dataset.width, dataset.height) > SAMPLE_SIDE
        shape = footprint_of(dataset)
        return Description(
            footprint=shape,
            interval=_interval(dataset, name=name),
            fields=_projection(dataset)
            | {"raster:bands": [_band(dataset, index) for index in dataset.indexes]}
            | {
                "regards:statistics": f"sample of at most {SAMPLE_SIDE} x {SAMPLE_SIDE}"
                if sampled
                else "all pixels"
            },
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


def _band(dataset: Any, index: int) -> dict[str, Any]:
    kind, nodata = dataset.dtypes[index - 1], dataset.nodatavals[index - 1]
    band: dict[str, Any] = {"data_type": _data_type(kind)}
    if nodata is not None:
        band["nodata"] = _json_number(float(nodata))
    if dataset.descriptions[index - 1]:
        band["name"] = dataset.descriptions[index - 1]
    if dataset.units[index - 1]:
        band["unit"] = dataset.units[index - 1]
    if index <= MAX_BANDS_WITH_STATISTICS and not kind.startswith("complex"):
        band |= _statistics(dataset, index)
    return band


def _statistics(dataset: Any, index: int) -> dict[str, Any]:
    sides = (min(dataset.height, SAMPLE_SIDE), min(dataset.width, SAMPLE_SIDE))
    masked = dataset.read(index, out_shape=sides, masked=True)
    values = masked.compressed().astype(np.float64)
    values = values[np.isfinite(values)]
    if not values.size:
        return {"statistics": {"valid_percent": 0.0}}
    return {
        "statistics": {
            "minimum": float(values.min()),
            "maximum": float(values.max()),
            "mean": float(values.mean()),
            "stddev": float(values.std()),
            "valid_percent": round(100 * values.size / masked.size, 6),
        }
    }


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
