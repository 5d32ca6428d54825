import json
from pathlib import Path
from typing import Any

import h5netcdf
import numpy as np
import pytest
from rasterio.crs import CRS
from rasterio.warp import transform_bounds

from tests.unit.workers.builtin.scenes import listing, write_netcdf
from workers.builtin.raster_metadata import worker
from workers.sdk.testing import run_once

NORTH, EAST = {"units": "degrees_north"}, {"units": "degrees_east"}


def _item(storage: Path, folder: Path, path: Path) -> dict[str, Any]:
    content = run_once(worker.run, content=listing(folder, [path]), storage=storage).content
    item: dict[str, Any] = json.loads(content)
    return item


def _swath(path: Path, *, lats: Any, lons: Any, group: str = "") -> Path:
    """Write positions along one or two dimensions, at the root or in a group."""
    names = ("row", "column")[: np.ndim(lats)]
    with h5netcdf.File(path, "w") as file:
        place = file.create_group(group) if group else file
        place.dimensions = dict(zip(names, np.shape(lats), strict=True))
        place.create_variable("latitude", names, data=np.asarray(lats, float)).attrs.update(NORTH)
        place.create_variable("longitude", names, data=np.asarray(lons, float)).attrs.update(EAST)
    return path


@pytest.mark.parametrize("group", ["", "PRODUCT"])
def test_it_places_a_swath_by_its_positions(storage: Path, delivered: Path, group: str) -> None:
    lats, lons = np.meshgrid([10, 20, 30], [170, 180, -170], indexing="ij")
    item = _item(storage, delivered, _swath(delivered / "a.nc", lats=lats, lons=lons, group=group))
    assert item["bbox"] == [170.0, 10.0, -170.0, 30.0]
    assert item["geometry"]["type"] == "MultiPolygon"


def test_it_places_a_track(storage: Path, delivered: Path) -> None:
    item = _item(storage, delivered, _swath(delivered / "a.nc", lats=[1, 2, 9], lons=[5, 6, 3]))
    assert item["bbox"] == [3.0, 1.0, 6.0, 9.0]


def test_it_places_a_grid_across_the_antimeridian(storage: Path, delivered: Path) -> None:
    path = write_netcdf(delivered / "a.nc", lat=[-1, 1], lon=[179, 181])
    assert _item(storage, delivered, path)["bbox"] == [178.0, -2.0, -178.0, 2.0]


def test_it_covers_the_globe_once(storage: Path, delivered: Path) -> None:
    path = write_netcdf(delivered / "a.nc", lat=[-90, 0, 90], lon=np.arange(0, 360, 10))
    assert _item(storage, delivered, path)["bbox"] == [-180.0, -90.0, 180.0, 90.0]


def test_it_prefers_the_bounds_of_an_axis_and_of_time(storage: Path, delivered: Path) -> None:
    time = ([15.0], {"units": "days since 2001-01-01", "bounds": "time_bnds"})
    path = write_netcdf(delivered / "a.nc", lat=[1, 2], lon=[1, 2], time=time)
    with h5netcdf.File(path, "a") as file:
        file.dimensions["two"] = 2
        file["lat"].attrs["bounds"] = "lat_bnds"
        file.create_variable("lat_bnds", ("lat", "two"), data=np.array([[0.9, 1.1], [1.9, 2.1]]))
        file.create_variable("time_bnds", ("time", "two"), data=np.array([[0.0, 31.0]]))
    item = _item(storage, delivered, path)
    assert item["bbox"] == [0.5, 0.9, 2.5, 2.1]
    assert item["properties"]["end_datetime"] == "2001-02-01T00:00:00Z"


def test_it_places_a_projected_grid(storage: Path, delivered: Path) -> None:
    crs = CRS.from_epsg(3035)
    path = delivered / "a.nc"
    with h5netcdf.File(path, "w") as file:
        file.dimensions = {"y": 3, "x": 3}
        for name, origin in (("x", 4_000_000), ("y", 3_000_000)):
            variable = file.create_variable(name, (name,), data=origin + np.array([0.0, 1000, 2000]))
            variable.attrs["standard_name"] = f"projection_{name}_coordinate"
            variable.attrs["units"] = "m"
        file.create_variable("crs", (), data=np.int8(0)).attrs["crs_wkt"] = crs.to_wkt()
        file.create_variable("t", ("y", "x"), data=np.zeros((3, 3)))
    edges = (3_999_500, 2_999_500, 4_002_500, 3_002_500)
    item = _item(storage, delivered, path)
    assert item["bbox"] == pytest.approx(transform_bounds(crs, "EPSG:4326", *edges), abs=1e-4)
    assert item["assets"]["a.nc"]["cube:dimensions"]["x"]["axis"] == "x"


def test_it_says_when_a_file_has_no_position(storage: Path, delivered: Path) -> None:
    path = delivered / "a.nc"
    with h5netcdf.File(path, "w") as file:
        file.dimensions = {"n": 3}
        file.create_variable("t", ("n",), data=np.zeros(3))
    result = run_once(worker.run, content=listing(delivered, [path]), storage=storage)
    assert json.loads(result.content)["geometry"] is None
    assert result.messages == ("a.nc has no coordinates that place it on Earth",)
