"""What a part keeps of a scene that is out of the ordinary."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from rasterio.control import GroundControlPoint
from rasterio.crs import CRS
from rasterio.transform import from_origin

from tests.unit.workers.builtin.process_functions.calls import a_call
from tests.unit.workers.builtin.scenes import write_geotiff
from workers.builtin.process_functions.raster_subset import subset
from workers.processes.raster_subset import SubsetParameters

_PIXELS = np.arange(100, dtype=np.uint8).reshape(1, 10, 10)


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    return tmp_path / "input" / "F1" / "scene.tif"


def _subset(folder: Path, **given: Any) -> Path:
    subset(a_call(folder), SubsetParameters(**given))
    return folder / "output" / "F1" / "scene.tif"


def test_it_keeps_scale_offset_and_unit(scene: Path, tmp_path: Path) -> None:
    write_geotiff(scene, np.concatenate([_PIXELS, _PIXELS]))
    with rasterio.open(scene, "r+") as dataset:
        dataset.scales, dataset.offsets, dataset.units = (2.75e-05, 2.0), (-0.2, 1.0), ("1", "K")
    with rasterio.open(_subset(tmp_path, pixel_window="0,0,5,5", bands="2,1")) as part:
        assert (part.scales, part.offsets, part.units) == ((2.0, 2.75e-05), (1.0, -0.2), ("K", "1"))


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_it_keeps_where_control_points_place_a_part(scene: Path, tmp_path: Path) -> None:
    write_geotiff(scene, _PIXELS, epsg=None, transform=None)
    points = [GroundControlPoint(row=row, col=col, x=col, y=-row) for row in (0, 9) for col in (0, 9)]
    with rasterio.open(scene, "r+") as dataset:
        dataset.gcps = points, CRS.from_epsg(4326)
    with rasterio.open(_subset(tmp_path, pixel_window="4,3,5,5")) as part:
        found, crs = part.gcps
        assert crs.to_epsg() == 4326
        assert [(point.row, point.col) for point in found] == [(-3, -4), (-3, 5), (6, -4), (6, 5)]
        assert (found[0].x, found[0].y) == (0, 0)
        assert part.read(1)[0].tolist() == [34, 35, 36, 37, 38]


@pytest.mark.parametrize(
    ("west", "box", "expected"),
    [(0, "-20,-5,-10,5", 34), (0, "150,-5,160,5", 15), (-180, "-20,-5,-10,5", 16), (180, "-20,-5,-10,5", 16)],
)
def test_it_finds_a_box_in_a_grid_of_any_turn(
    scene: Path, tmp_path: Path, west: float, box: str, expected: int
) -> None:
    values = np.arange(36, dtype=np.int16).reshape(1, 1, 36)
    write_geotiff(scene, values, transform=from_origin(west, 5, 10, 10))
    with rasterio.open(_subset(tmp_path, bounding_box=box)) as part:
        assert part.read().ravel().tolist() == [expected]


def test_it_takes_the_larger_part_of_a_box_over_the_border_of_a_grid(scene: Path, tmp_path: Path) -> None:
    values = np.arange(36, dtype=np.int16).reshape(1, 1, 36)
    write_geotiff(scene, values, transform=from_origin(0, 5, 10, 10))
    with rasterio.open(_subset(tmp_path, bounding_box="-30,-5,10,5")) as part:
        assert part.read().ravel().tolist() == [33, 34, 35]


def test_it_cuts_complex_integers(scene: Path, tmp_path: Path) -> None:
    scene.parent.mkdir(parents=True)
    place = {"crs": "EPSG:4326", "transform": from_origin(0, 10, 1, 1)}
    with rasterio.open(
        scene, "w", driver="GTiff", width=10, height=10, count=1, dtype="complex_int16", **place
    ) as dataset:
        dataset.write((_PIXELS + 1j * _PIXELS).astype(np.complex64))
    with rasterio.open(_subset(tmp_path, pixel_window="1,1,2,1")) as part:
        assert part.dtypes == ("complex_int16",)
        assert part.read().ravel().tolist() == [11 + 11j, 12 + 12j]
