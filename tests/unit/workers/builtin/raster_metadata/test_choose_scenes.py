import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.unit.workers.builtin.scenes import AIR, copied, listing, write_geotiff, write_netcdf
from workers.builtin.raster_metadata import worker
from workers.sdk.testing import run_once

PIXELS = np.arange(100, dtype=np.uint8).reshape(1, 10, 10)


def _answer(storage: Path, folder: Path, paths: list[Path], **options: Any) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(
        run_once(worker.run, content=listing(folder, paths, **options), storage=storage).content
    )
    return answer


def test_it_makes_one_item_of_the_bands_of_a_product(storage: Path, delivered: Path) -> None:
    paths = [write_geotiff(delivered / "S1" / f"B0{band}.tif", PIXELS) for band in (1, 2)]
    paths.append(copied(AIR, to=delivered / "S1" / "notes.txt"))
    item = _answer(storage, delivered, paths)
    assert item["id"] == "S1"
    assert {key: asset["roles"] for key, asset in item["assets"].items()} == {
        "B01.tif": ["data"],
        "B02.tif": ["data"],
        "notes.txt": ["metadata"],
    }


def test_it_makes_one_item_per_top_level_folder(storage: Path, delivered: Path) -> None:
    paths = [write_geotiff(delivered / folder / "a.tif", PIXELS) for folder in ("S2", "S1", "S1/deep")]
    answer = _answer(storage, delivered, paths)
    assert answer["type"] == "FeatureCollection"
    assert [(item["id"], sorted(item["assets"])) for item in answer["features"]] == [
        ("S1", ["a.tif", "deep/a.tif"]),
        ("S2", ["a.tif"]),
    ]


def test_it_keeps_a_folder_of_documents_with_the_only_scene(storage: Path, delivered: Path) -> None:
    paths = [write_geotiff(delivered / "a.tif", PIXELS), copied(AIR, to=delivered / "doc" / "readme.pdf")]
    item = _answer(storage, delivered, paths)
    assert item["type"] == "Feature"
    assert sorted(item["assets"]) == ["a.tif", "doc/readme.pdf"]


def test_it_keeps_files_of_the_same_name_beside_and_in_the_folder(storage: Path, delivered: Path) -> None:
    paths = [write_geotiff(delivered / "S1" / "a.tif", PIXELS)]
    paths += [copied(AIR, to=delivered / name) for name in ("readme.txt", "S1/readme.txt")]
    item = _answer(storage, delivered, paths)
    assert sorted(item["assets"]) == ["S1/readme.txt", "a.tif", "readme.txt"]


def test_it_names_the_item_after_the_archive(storage: Path, delivered: Path) -> None:
    path = write_geotiff(delivered / "a.tif", PIXELS)
    answer = _answer(storage, delivered, [path], archive="file:///in/LC08%20scene%C3%A9.tar.gz")
    assert (answer["id"], answer["properties"]["title"]) == ("LC08_scene", "LC08 sceneé")


def test_it_takes_the_date_of_a_tag_before_all_others(storage: Path, delivered: Path) -> None:
    path = write_geotiff(
        delivered / "x_20200101.tif", PIXELS, tags={"TIFFTAG_DATETIME": "2018:01:12 15:45:00"}
    )
    properties = _answer(storage, delivered, [path])["properties"]
    assert properties["datetime"] == "2018-01-12T15:45:00Z"
    assert properties["regards:datetime_source"] == "tag TIFFTAG_DATETIME of x_20200101.tif"


def test_it_takes_the_first_date_of_a_name(storage: Path, delivered: Path) -> None:
    path = write_geotiff(delivered / "LC08_L1TP_015042_20180112_20200902_B4.tif", PIXELS)
    assert _answer(storage, delivered, [path])["properties"]["datetime"] == "2018-01-12T00:00:00Z"


def test_it_spans_the_times_of_all_files_whose_date_is_best_known(storage: Path, delivered: Path) -> None:
    units = {"units": "days since 2001-01-01", "standard_name": "time"}
    paths = [
        write_netcdf(delivered / "a.nc", lat=[1, 2], lon=[1, 2], time=([0, 1], units)),
        write_netcdf(delivered / "b.nc", lat=[1, 2], lon=[1, 2], time=([9, 4], units)),
        write_geotiff(delivered / "c_19990101.tif", PIXELS),
    ]
    properties = _answer(storage, delivered, paths)["properties"]
    assert (properties["start_datetime"], properties["end_datetime"]) == (
        "2001-01-01T00:00:00Z",
        "2001-01-10T00:00:00Z",
    )


def test_it_reads_the_covered_time_from_global_attributes(storage: Path, delivered: Path) -> None:
    attributes = {"time_coverage_start": "2010-05-01T12:00:00Z", "time_coverage_end": "2010-05-02"}
    path = write_netcdf(delivered / "a.nc", lat=[1, 2], lon=[1, 2], attributes=attributes)
    properties = _answer(storage, delivered, [path])["properties"]
    assert properties["start_datetime"] == "2010-05-01T12:00:00Z"
    assert properties["end_datetime"] == "2010-05-02T00:00:00Z"


def test_it_reports_times_it_cannot_place(storage: Path, delivered: Path) -> None:
    time = ([1.0], {"units": "months since 2001-01-01"})
    path = write_netcdf(delivered / "a.nc", lat=[1, 2], lon=[1, 2], time=time)
    result = run_once(worker.run, content=listing(delivered, [path]), storage=storage)
    assert "a.nc: time: time units 'months since 2001-01-01'" in result.messages[0]


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_it_describes_a_raster_without_position(storage: Path, delivered: Path) -> None:
    path = write_geotiff(delivered / "mask.tif", PIXELS, epsg=None, transform=None)
    result = run_once(worker.run, content=listing(delivered, [path]), storage=storage)
    item = json.loads(result.content)
    assert item["geometry"] is None
    assert "bbox" not in item
    assert result.messages == ("mask.tif has no position on Earth",)


def test_it_writes_numbers_that_json_does_not_know(storage: Path, delivered: Path) -> None:
    values = np.full((1, 4, 4), np.nan, np.float32)
    path = write_geotiff(delivered / "nan.tif", values, nodata=float("nan"))
    bands = _answer(storage, delivered, [path])["assets"]["nan.tif"]["raster:bands"]
    assert bands == [{"data_type": "float32", "nodata": "nan", "statistics": {"valid_percent": 0.0}}]
