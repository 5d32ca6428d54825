import hashlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from rasterio.warp import transform_bounds

from tests.unit.workers.builtin.scenes import AIR, LANDSAT, copied, listing
from workers.builtin.raster_metadata import worker
from workers.sdk.testing import run_once


def _item(storage: Path, folder: Path, path: Path) -> dict[str, Any]:
    result = run_once(worker.run, content=listing(folder, [path]), storage=storage)
    item: dict[str, Any] = json.loads(result.content)
    return item


@pytest.fixture
def landsat(storage: Path, delivered: Path) -> dict[str, Any]:
    path = copied(LANDSAT, to=delivered / "landsat_rgb.tif")
    os.utime(path, (1_500_000_000, 1_500_000_000))
    return _item(storage, delivered, path)


@pytest.fixture
def air(storage: Path, delivered: Path) -> dict[str, Any]:
    return _item(storage, delivered, copied(AIR, to=delivered / "air_temperature_small.nc"))


def test_it_places_a_geotiff_on_earth(landsat: dict[str, Any]) -> None:
    with rasterio.open(LANDSAT) as dataset:
        expected = transform_bounds(dataset.crs, "EPSG:4326", *dataset.bounds, densify_pts=101)
    assert landsat["bbox"] == pytest.approx(expected, abs=1e-3)
    ring = landsat["geometry"]["coordinates"][0]
    assert ring[0] == ring[-1]
    assert [min(x for x, _ in ring), min(y for _, y in ring)] == landsat["bbox"][:2]


def test_it_gives_the_grid_of_a_geotiff(landsat: dict[str, Any]) -> None:
    asset, properties = landsat["assets"]["landsat_rgb.tif"], landsat["properties"]
    with rasterio.open(LANDSAT) as dataset:
        assert asset["proj:code"] == properties["proj:code"] == f"EPSG:{dataset.crs.to_epsg()}"
        assert asset["proj:shape"] == properties["proj:shape"] == list(dataset.shape)
        assert asset["proj:transform"] == list(dataset.transform)
        assert asset["proj:bbox"] == list(dataset.bounds)


def test_it_gives_type_nodata_and_statistics_of_each_band(landsat: dict[str, Any]) -> None:
    bands = landsat["assets"]["landsat_rgb.tif"]["raster:bands"]
    with rasterio.open(LANDSAT) as dataset:
        pixels = dataset.read()
    assert [(band["data_type"], band["nodata"]) for band in bands] == [("uint8", 0)] * 3
    for band, values in zip(bands, pixels, strict=True):
        valid = values[values != 0].astype(float)
        assert band["statistics"] == pytest.approx(
            {
                "minimum": valid.min(),
                "maximum": valid.max(),
                "mean": valid.mean(),
                "stddev": valid.std(),
                "valid_percent": 100 * valid.size / values.size,
            }
        )


@pytest.mark.parametrize(("sample", "scene"), [(LANDSAT, "landsat"), (AIR, "air")])
def test_it_states_size_digest_and_place_of_what_was_read(
    request: pytest.FixtureRequest, delivered: Path, sample: Path, scene: str
) -> None:
    item = request.getfixturevalue(scene)
    digest = hashlib.sha256(sample.read_bytes()).hexdigest()
    asset = item["assets"][sample.name]
    assert asset["file:checksum"] == "1220" + digest
    assert asset["file:size"] == sample.stat().st_size
    assert asset["href"] == (delivered / sample.name).as_uri()
    assert item["properties"]["regards:archive"]["url"] == "file:///in/product.zip"
    assert [source["sha256"] for source in item["properties"]["regards:sources"]] == [digest]


def test_it_falls_back_to_the_time_of_the_file_and_says_so(landsat: dict[str, Any]) -> None:
    assert landsat["properties"]["datetime"] == "2017-07-14T02:40:00Z"
    assert landsat["properties"]["regards:datetime_source"] == "modification time of landsat_rgb.tif"


def test_it_reads_the_time_range_of_a_netcdf(air: dict[str, Any]) -> None:
    # 1,877,184 to 1,877,298 hours since 1800-01-01.
    hours = np.array([1_877_184, 1_877_298]).astype("timedelta64[h]") + np.datetime64("1800-01-01T00:00:00")
    assert air["properties"]["datetime"] is None
    ends = [air["properties"]["start_datetime"], air["properties"]["end_datetime"]]
    assert ends == [f"{moment}Z" for moment in hours.astype(str)]


def test_it_turns_longitudes_of_0_to_360_into_the_footprint(air: dict[str, Any]) -> None:
    # Centres 200…330 E and 15…75 N every 2.5 degrees; half a step belongs to the outer cells.
    assert air["bbox"] == [-161.25, 13.75, -28.75, 76.25]
    assert air["geometry"]["type"] == "Polygon"


def test_it_lists_variables_and_dimensions_of_a_netcdf(air: dict[str, Any]) -> None:
    asset = air["assets"]["air_temperature_small.nc"]
    assert {name: field["regards:size"] for name, field in asset["cube:dimensions"].items()} == {
        "time": 20,
        "lat": 25,
        "lon": 53,
    }
    assert asset["cube:dimensions"]["lon"] | {"regards:size": 0} == {
        "type": "spatial",
        "axis": "x",
        "extent": [200.0, 330.0],
        "regards:size": 0,
    }
    assert asset["cube:variables"]["air"] == {
        "dimensions": ["time", "lat", "lon"],
        "type": "data",
        "shape": [20, 25, 53],
        "data_type": "int16",
        "unit": "degK",
        "description": "4xDaily Air temperature at sigma level 995",
    }


def test_it_gives_the_same_item_twice(storage: Path, delivered: Path, air: dict[str, Any]) -> None:
    assert _item(storage, delivered, delivered / "air_temperature_small.nc") == air
