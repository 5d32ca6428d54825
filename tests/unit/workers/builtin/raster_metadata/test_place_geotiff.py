"""Where rasters of all kinds lie: by grids, control points and polynomials, at the edges of the map."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.control import GroundControlPoint
from rasterio.crs import CRS
from rasterio.rpc import RPC
from rasterio.transform import from_origin

from tests.unit.workers.builtin.scenes import listing, write_geotiff
from workers.builtin.raster_metadata import worker
from workers.sdk.result import WorkResult
from workers.sdk.testing import run_once

_PIXELS = np.arange(1, 101, dtype=np.uint8).reshape(1, 10, 10)
_UNPLACED = "ignore::rasterio.errors.NotGeoreferencedWarning"
#: A scene of 10 x 10 pixels, about 0.1 degrees wide, around 2 E 43 N.
_POLYNOMIALS = RPC(
    height_off=150.0,
    height_scale=500.0,
    lat_off=43.0,
    lat_scale=0.05,
    line_off=5.0,
    line_scale=5.0,
    long_off=2.0,
    long_scale=0.05,
    samp_off=5.0,
    samp_scale=5.0,
    line_num_coeff=[0.0, 0.0, -1.0, *[0.0] * 17],
    line_den_coeff=[1.0, *[0.0] * 19],
    samp_num_coeff=[0.0, 1.0, 0.0, *[0.0] * 17],
    samp_den_coeff=[1.0, *[0.0] * 19],
    err_bias=None,
    err_rand=None,
)


def _described(storage: Path, path: Path) -> WorkResult:
    return run_once(worker.run, content=listing(path.parent, [path]), storage=storage)


def _item(storage: Path, path: Path) -> dict[str, Any]:
    item: dict[str, Any] = json.loads(_described(storage, path).content)
    return item


def _corners(lons: list[float], lats: list[float]) -> list[GroundControlPoint]:
    """Return points at the corners of ten by ten pixels, north up."""
    places = [(0, 0, lons[0], lats[1]), (0, 10, lons[1], lats[1]), (10, 0, lons[0], lats[0])]
    places.append((10, 10, lons[1], lats[0]))
    return [GroundControlPoint(row=row, col=col, x=x, y=y) for row, col, x, y in places]


@pytest.mark.filterwarnings(_UNPLACED)
def test_it_places_a_scene_by_control_points_on_both_sides_of_the_antimeridian(
    storage: Path, delivered: Path
) -> None:
    path = write_geotiff(delivered / "a.tif", _PIXELS, epsg=None, transform=None)
    with rasterio.open(path, "r+") as dataset:
        dataset.gcps = _corners([179, -179], [10, 12]), CRS.from_epsg(4326)
    item = _item(storage, path)
    assert item["bbox"] == pytest.approx([179, 10, -179, 12])
    assert item["geometry"]["type"] == "MultiPolygon"


@pytest.mark.filterwarnings(_UNPLACED)
@pytest.mark.parametrize("lats", [[10.0, 10.0], [10.0, 12.0]])
def test_it_describes_a_scene_whose_control_points_place_nothing(
    storage: Path, delivered: Path, lats: list[float]
) -> None:
    path = write_geotiff(delivered / "a.tif", _PIXELS, epsg=None, transform=None)
    points = [point for point in _corners([1, 2], lats) if point.row == 0]
    with rasterio.open(path, "r+") as dataset:
        dataset.gcps = points, CRS.from_epsg(4326)
    result = _described(storage, path)
    assert json.loads(result.content)["geometry"] is None
    assert result.messages == ("a.tif has no position on Earth",)


@pytest.mark.filterwarnings(_UNPLACED)
def test_it_places_a_scene_by_its_polynomials_and_says_so(storage: Path, delivered: Path) -> None:
    path = write_geotiff(delivered / "a.tif", _PIXELS, epsg=None, transform=None)
    with rasterio.open(path, "r+") as dataset:
        dataset.rpcs = _POLYNOMIALS
    result = _described(storage, path)
    assert json.loads(result.content)["bbox"] == pytest.approx([1.95, 42.95, 2.05, 43.05], abs=0.006)
    assert result.messages == ("a.tif is placed by its rational polynomials, at a height of 150 m",)


@pytest.mark.parametrize(
    "crs",
    [
        'LOCAL_CS["of a building",UNIT["metre",1]]',
        'GEOGCS["Moon",DATUM["Moon",SPHEROID["Moon",1737400,0]],PRIMEM["Reference",0],UNIT["degree",0.0174532925]]',
    ],
)
def test_it_describes_what_lies_nowhere_on_earth(storage: Path, delivered: Path, crs: str) -> None:
    path = write_geotiff(delivered / "a.tif", _PIXELS, epsg=None)
    with rasterio.open(path, "r+") as dataset:
        dataset.crs = CRS.from_wkt(crs)
    item = _item(storage, path)
    assert item["geometry"] is None
    assert item["assets"]["a.tif"]["proj:wkt2"]


@pytest.mark.parametrize("size", [1e308, math.inf, math.nan])
@pytest.mark.parametrize("epsg", [4326, 32631, 3995])
def test_it_leaves_out_a_grid_without_finite_numbers(
    storage: Path, delivered: Path, size: float, epsg: int
) -> None:
    grid = Affine(size, 0, 0, 0, -size, 0)
    item = _item(storage, write_geotiff(delivered / "a.tif", _PIXELS, epsg=epsg, transform=grid))
    assert {"proj:transform", "proj:bbox"}.isdisjoint(item["assets"]["a.tif"])


@pytest.mark.parametrize(
    ("transform", "bbox"),
    [
        # South up.
        (Affine(1, 0, 5, 0, 1, 20), [5.0, 20.0, 15.0, 30.0]),
        # Turned by a right angle.
        (Affine(0, 1, 5, 1, 0, 20), [5.0, 20.0, 15.0, 30.0]),
        # East to west.
        (Affine(-1, 0, 15, 0, -1, 30), [5.0, 20.0, 15.0, 30.0]),
        # From 0 to 360, beyond the antimeridian.
        (from_origin(175, 10, 1, 1), [175.0, 0.0, -175.0, 10.0]),
        (from_origin(355, 10, 1, 1), [-5.0, 0.0, 5.0, 10.0]),
        # Around the Earth, pixels centred at the poles and at the first meridian.
        (from_origin(-18, 99, 36, 19.8), [-180.0, -90.0, 180.0, 90.0]),
    ],
)
def test_it_places_grids_however_they_run(
    storage: Path, delivered: Path, transform: Affine, bbox: list[float]
) -> None:
    item = _item(storage, write_geotiff(delivered / "a.tif", _PIXELS, transform=transform))
    assert item["bbox"] == bbox


@pytest.mark.parametrize("transform", [Affine(1, 0, 5, 0, 1, 20), Affine(0, 1, 5, 1, 0, 20)])
def test_it_gives_the_ends_of_a_grid_in_order(storage: Path, delivered: Path, transform: Affine) -> None:
    item = _item(storage, write_geotiff(delivered / "a.tif", _PIXELS, transform=transform))
    assert item["assets"]["a.tif"]["proj:bbox"] == [5.0, 20.0, 15.0, 30.0]


def test_it_places_a_grid_of_another_datum_on_both_sides_of_the_antimeridian(
    storage: Path, delivered: Path
) -> None:
    path = write_geotiff(delivered / "a.tif", _PIXELS, epsg=4284, transform=from_origin(178, 70, 0.4, 0.4))
    assert _item(storage, path)["bbox"] == pytest.approx([178, 66, -178, 70], abs=0.1)


def test_it_places_a_single_pixel(storage: Path, delivered: Path) -> None:
    path = write_geotiff(delivered / "a.tif", np.ones((1, 1, 1), np.uint8))
    item = _item(storage, path)
    assert item["bbox"] == [0.0, 9.0, 1.0, 10.0]
    assert item["assets"]["a.tif"]["raster:bands"][0]["statistics"]["stddev"] == 0
