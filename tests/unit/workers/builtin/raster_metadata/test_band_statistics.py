from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from rasterio.enums import ColorInterp
from rasterio.transform import from_origin

from tests.unit.workers.builtin.scenes import write_geotiff
from workers.builtin.geotiff_files import open_geotiff
from workers.builtin.raster_metadata.band_statistics import band_statistics

SIDE = 2400
TILES = {"tiled": True, "blockxsize": 256, "blockysize": 256, "nodata": 0}


def _statistics(path: Path) -> tuple[dict[int, dict[str, float]], str]:
    with open_geotiff(path, name=path.name) as dataset:
        return band_statistics(dataset)


@pytest.fixture
def large() -> Any:
    return np.random.default_rng(7).integers(0, 1000, (2, SIDE, SIDE), np.uint16)


def _check(found: dict[str, float], values: Any) -> None:
    valid = values[values != 0].astype(float)
    assert found["mean"] == pytest.approx(valid.mean(), rel=0.01)
    assert found["stddev"] == pytest.approx(valid.std(), rel=0.01)
    assert found["valid_percent"] == pytest.approx(100 * valid.size / values.size, abs=0.1)


def test_it_reads_blocks_spread_over_a_large_raster(tmp_path: Path, large: Any) -> None:
    found, scope = _statistics(write_geotiff(tmp_path / "a.tif", large, **TILES))
    assert scope == "61 blocks spread over the raster"
    _check(found[1], large[0])
    _check(found[2], large[1])


def test_it_reads_the_overview_of_a_large_raster(tmp_path: Path, large: Any) -> None:
    path = write_geotiff(tmp_path / "a.tif", large, **TILES)
    with rasterio.open(path, "r+") as dataset:
        dataset.build_overviews([2, 4])
    found, scope = _statistics(path)
    assert scope == "overview of 2000 x 2000 pixels"
    _check(found[2], large[1])


def test_it_reads_no_overview_that_is_nearly_as_large_as_the_raster(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tiles = {"tiled": True, "blockxsize": 512, "blockysize": 512, "sparse_ok": True}
    place = {"crs": "EPSG:4326", "transform": from_origin(0, 10, 1e-3, 1e-3)}
    with rasterio.open(
        path, "w", driver="GTiff", width=20_000, height=20_000, count=1, dtype="uint8", **tiles, **place
    ) as dataset:
        dataset.build_overviews([2])
    assert _statistics(path)[1] == "16 blocks spread over the raster"


def test_it_reads_a_bounded_number_of_small_blocks(tmp_path: Path) -> None:
    path = write_geotiff(tmp_path / "a.tif", np.ones((1, 2_000_001, 2), np.uint8), blockysize=1)
    assert _statistics(path)[1] == "4096 blocks spread over the raster"


def test_it_leaves_out_transparent_pixels(tmp_path: Path) -> None:
    path = write_geotiff(tmp_path / "a.tif", np.array([[[1, 2, 3]], [[255, 0, 255]]], np.uint8), alpha="yes")
    with rasterio.open(path, "r+") as dataset:
        dataset.colorinterp = [ColorInterp.gray, ColorInterp.alpha]
    found, _ = _statistics(path)
    assert found[1]["mean"] == 2
    assert found[1]["valid_percent"] == pytest.approx(66.666667)


@pytest.mark.parametrize(
    ("nodata", "values", "mean"),
    [(-9999.5, [1, 2], 1.5), (float("nan"), [np.nan, 2], 2), (float(np.float32(-3.4e38)), [-3.4e38, 2], 2)],
)
def test_it_leaves_out_what_is_no_data(
    tmp_path: Path, nodata: float, values: list[float], mean: float
) -> None:
    path = write_geotiff(tmp_path / "a.tif", np.array([[values]], np.float32), nodata=nodata)
    assert _statistics(path)[0][1]["mean"] == mean
