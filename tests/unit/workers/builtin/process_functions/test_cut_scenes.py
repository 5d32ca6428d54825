"""Scenes cut to boxes and windows, and drawn: on a real Landsat scene where it matters."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from PIL import Image

from tests.unit.workers.builtin.process_functions.calls import a_call, executed, made
from tests.unit.workers.builtin.scenes import LANDSAT, copied, write_geotiff
from workers.builtin.process_functions.raster_subset import subset
from workers.processes.job import ProcessFailed
from workers.processes.plugin import InvalidParameters
from workers.processes.raster_subset import OutputFormat, RasterSubsetPlugin, SubsetParameters


@pytest.fixture
def landsat(tmp_path: Path) -> Path:
    return copied(LANDSAT, to=tmp_path / "input" / "F1" / "landsat.tif")


@pytest.fixture
def small(tmp_path: Path) -> Path:
    pixels = np.arange(100, dtype=np.uint8).reshape(1, 10, 10)
    return write_geotiff(tmp_path / "input" / "F1" / "small.tif", pixels)


def _subset(folder: Path, **given: Any) -> Path:
    """Cut what lies in a folder; return the folder of the feature's output."""
    subset(a_call(folder), SubsetParameters(**given))
    return folder / "output" / "F1"


def test_it_cuts_the_pixels_of_a_bounding_box(landsat: Path, tmp_path: Path) -> None:
    with rasterio.open(landsat) as whole:
        place = whole.transform
        left, top = place.c + 40 * place.a, place.f + 30 * place.e
        box = f"{left},{top + 20 * place.e},{left + 50 * place.a},{top}"
        expected = whole.read(window=((30, 50), (40, 90)))
        crs = whole.crs
    answer = executed(
        RasterSubsetPlugin, landsat, roots=tmp_path, boundingBox=box, boundingBoxCrs=crs.to_string()
    )
    with rasterio.open(made(answer)["F1/landsat.tif"]) as part:
        assert (part.crs, part.transform.c, part.transform.f) == (crs, left, top)
        assert np.array_equal(part.read(), expected)
    assert answer["outputs"][0]["inputCorrelationIds"] == ["cid:F1/landsat.tif"]
    assert answer["log"][-1].startswith("1 of 1: F1/landsat.tif, 50 x 20 pixels of ")


@pytest.mark.landlock
def test_it_cuts_in_the_sandbox_of_programs(
    landsat: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROCESS_SANDBOX", "landlock")
    monkeypatch.setenv("PROCESS_SANDBOX_NETWORK", "none")
    answer = executed(RasterSubsetPlugin, landsat, roots=tmp_path, pixelWindow="0,0,5,4")
    assert len(made(answer)) == 1


def test_it_cuts_a_window_to_the_scene_and_chooses_bands(landsat: Path, tmp_path: Path) -> None:
    with rasterio.open(landsat) as whole:
        expected = whole.read([3, 1])[:, -10:, -20:]
        window = f"{whole.width - 20},{whole.height - 10}.0,1000,1e3"
    with rasterio.open(_subset(tmp_path, pixel_window=window, bands="3,1") / "landsat.tif") as part:
        assert np.array_equal(part.read(), expected)


@pytest.mark.usefixtures("landsat")
def test_it_draws_a_part(tmp_path: Path) -> None:
    folder = _subset(tmp_path, pixel_window="0,0,60,40", bands="2", output_format=OutputFormat.PNG)
    with Image.open(folder / "landsat.png") as picture:
        assert (picture.format, picture.size, picture.mode) == ("PNG", (60, 40), "RGBA")


@pytest.mark.usefixtures("small")
def test_it_takes_boxes_in_degrees(tmp_path: Path) -> None:
    with rasterio.open(_subset(tmp_path, bounding_box="2,4,5,8") / "small.tif") as part:
        assert tuple(part.bounds) == (2, 4, 5, 8)
        assert part.read(1)[0].tolist() == [22, 23, 24]


def test_it_keeps_what_a_scene_says_of_itself(tmp_path: Path) -> None:
    pixels = np.full((1, 300, 300), 7, np.int16)
    scene = write_geotiff(tmp_path / "input" / "F1" / "said.tif", pixels, nodata=-1, tags={"MADE_BY": "us"})
    with rasterio.open(scene, "r+") as dataset:
        dataset.set_band_description(1, "red")
        dataset.write_mask(np.eye(300, dtype=np.uint8) * 255)
    with rasterio.open(_subset(tmp_path, pixel_window="100,100,200,200") / "said.tif") as part:
        assert (part.nodata, part.descriptions, part.tags()["MADE_BY"]) == (-1, ("red",), "us")
        assert (part.read_masks(1) > 0).sum() == 200


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    ("given", "told"),
    [
        (
            {"bounding_box": "170,-80,171,-79"},
            "F1/small.tif: the box 170, -80, 171, -79 lies outside of the scene, which spans 0, 0, 10, 10 in",
        ),
        (
            {"pixel_window": "10,0,5,5"},
            "the window 10, 0, 5, 5 lies outside of the scene, which has 10 columns and 10 rows",
        ),
        ({"bands": "2"}, "F1/small.tif has 1 bands, there is no band 2"),
        ({"bounding_box": "1,2,3,4", "crs": "EPSG:0"}, "boundingBoxCrs EPSG:0 cannot be used"),
    ],
)
def test_it_says_what_it_cannot_cut(given: dict[str, str], told: str, tmp_path: Path) -> None:
    with pytest.raises(ProcessFailed) as failure:
        _subset(tmp_path, **given)
    assert told in str(failure.value)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"bounding_box": "3,0,1,2"}, "west has to be less than east"),
        ({"bounding_box": "1,2,3"}, "west,south,east,north is expected"),
        ({"bounding_box": "1,2,3,nan"}, "west,south,east,north is expected"),
        ({"bounding_box": "1,2,3,91"}, "is not on earth"),
        ({"pixel_window": "0,0,0,1"}, "width and height above 0"),
        ({"pixel_window": "0,0,1.5,1"}, "whole numbers are expected"),
        ({"pixel_window": "1e308,0,1e308,1"}, "whole numbers are expected"),
        ({"pixel_window": "0,0,1,1", "bounding_box": "1,2,3,4"}, "not both"),
        ({"bands": "0"}, "numbers from 1"),
        ({"bands": "1,2", "output_format": OutputFormat.PNG}, "one band or three, not 2"),
    ],
)
def test_it_refuses_parameters_that_fit_no_scene(given: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidParameters) as refusal:
        SubsetParameters(**given)
    assert told in str(refusal.value)


def test_it_needs_a_scene_that_can_be_read(tmp_path: Path) -> None:
    file = copied(LANDSAT, to=tmp_path / "input" / "F1" / "damaged.tif")
    file.write_bytes(LANDSAT.read_bytes()[:200])
    with pytest.raises(ProcessFailed, match=r"F1/damaged\.tif is not a readable GeoTIFF"):
        _subset(tmp_path)
    file.write_text("no scene")
    with pytest.raises(ProcessFailed, match="There is no GeoTIFF among the input files"):
        _subset(tmp_path)
