"""Bands of all types, and what is odd about their values and texts."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from tests.unit.workers.builtin.scenes import listing, write_geotiff
from workers.builtin.raster_metadata import worker
from workers.sdk.testing import run_once


def _asset(storage: Path, path: Path) -> dict[str, Any]:
    result = run_once(worker.run, content=listing(path.parent, [path]), storage=storage)
    asset: dict[str, Any] = json.loads(result.content)["assets"][path.name]
    return asset


def test_it_describes_complex_integers_of_radars(storage: Path, delivered: Path) -> None:
    path = delivered / "slc.tif"
    place = {"crs": "EPSG:4326", "transform": from_origin(0, 10, 1, 1)}
    with rasterio.open(
        path, "w", driver="GTiff", width=4, height=3, count=1, dtype="complex_int16", **place
    ) as dataset:
        dataset.write(np.full((1, 3, 4), 3 + 4j, np.complex64))
    asset = _asset(storage, path)
    assert asset["raster:bands"] == [{"data_type": "cint16"}]


def test_it_gives_scale_offset_and_unit(storage: Path, delivered: Path) -> None:
    path = write_geotiff(delivered / "a.tif", np.ones((2, 3, 3), np.uint16))
    with rasterio.open(path, "r+") as dataset:
        dataset.scales, dataset.offsets, dataset.units = (2.75e-05, 1.0), (-0.2, 0.0), ("1", "K")
    scaled, plain = _asset(storage, path)["raster:bands"]
    assert (scaled["scale"], scaled["offset"], scaled["unit"]) == (2.75e-05, -0.2, "1")
    assert "scale" not in plain
    assert "offset" not in plain


def test_it_reckons_with_the_largest_numbers(storage: Path, delivered: Path) -> None:
    # What some programs write where there is nothing, and do not declare.
    path = write_geotiff(delivered / "a.tif", np.array([[[1.0, -1.7976931348623157e308]]]))
    (band,) = _asset(storage, path)["raster:bands"]
    assert band["statistics"]["minimum"] == -1.7976931348623157e308
    assert "stddev" not in band["statistics"]


def test_it_takes_nodata_of_another_type_for_none(storage: Path, delivered: Path) -> None:
    values = np.array([[[1, 2, -3.4e38]]], np.float32)
    path = write_geotiff(delivered / "a.tif", values)
    with rasterio.open(path, "r+") as dataset:
        dataset.nodata = -3.4e38
    assert _asset(storage, path)["raster:bands"][0]["statistics"]["minimum"] == 1


def test_it_reads_many_bands_that_lie_one_after_the_other(storage: Path, delivered: Path) -> None:
    # Each block is of 2 MiB; all of one place together would be of 600.
    path = delivered / "a.tif"
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=512,
        height=512,
        count=300,
        dtype="float64",
        interleave="band",
        tiled=True,
        blockxsize=512,
        blockysize=512,
        sparse_ok=True,
        crs="EPSG:4326",
        transform=from_origin(0, 10, 0.01, 0.01),
    ):
        pass
    assert len(_asset(storage, path)["raster:bands"]) == 300


def test_it_reads_texts_of_older_encodings(storage: Path, delivered: Path) -> None:
    path = write_geotiff(
        delivered / "a.tif",
        np.ones((1, 2, 2), np.uint8),
        tags={"TIFFTAG_ARTIST": "M_t_o-France", "TIFFTAG_DATETIME": "2018:01:12 15:45:00"},
    )
    path.write_bytes(path.read_bytes().replace(b"M_t_o", b"M\xe9t\xe9o"))
    item = json.loads(run_once(worker.run, content=listing(delivered, [path]), storage=storage).content)
    assert item["properties"]["datetime"] == "2018-01-12T15:45:00Z"


@pytest.mark.parametrize(
    "date", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "0000:00:00 00:00:00"]
)
def test_it_ignores_dates_that_are_none(storage: Path, delivered: Path, date: str) -> None:
    path = write_geotiff(
        delivered / "x_20200101.tif", np.ones((1, 2, 2), np.uint8), tags={"ACQUISITIONDATETIME": date}
    )
    item = json.loads(run_once(worker.run, content=listing(delivered, [path]), storage=storage).content)
    assert item["properties"]["datetime"] == "2020-01-01T00:00:00Z"
