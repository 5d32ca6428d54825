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

_EUROPE = CRS.from_epsg(3035)
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


def test_it_follows_longitudes_over_the_antimeridian(storage: Path, delivered: Path) -> None:
    path = write_netcdf(delivered / "a.nc", lat=[0, 1], lon=[178, 179, -180, -179])
    assert _item(storage, delivered, path)["bbox"] == [177.5, -0.5, -178.5, 1.5]


@pytest.mark.parametrize(
    ("lon", "cells", "expected"),
    [
        ([179.5, -179.5], [[179, 180], [-180, -179]], [179.0, -179.0]),
        ([180], [[179, -179]], [179.0, -179.0]),
        ([180], [[0, 360]], [-180.0, 180.0]),
        ([1, 0], [[1.5, 0.5], [0.5, -0.5]], [-0.5, 1.5]),
    ],
)
def test_it_follows_the_bounds_of_longitudes(
    storage: Path, delivered: Path, lon: list[float], cells: list[list[float]], expected: list[float]
) -> None:
    path = write_netcdf(delivered / "a.nc", lat=[0, 1], lon=lon)
    with h5netcdf.File(path, "a") as file:
        file.dimensions["two"] = 2
        file["lon"].attrs["bounds"] = "lon_bnds"
        file.create_variable("lon_bnds", ("lon", "two"), data=np.asarray(cells, float))
    bbox = _item(storage, delivered, path)["bbox"]
    assert [bbox[0], bbox[2]] == expected


def test_it_places_a_station(storage: Path, delivered: Path) -> None:
    item = _item(storage, delivered, write_netcdf(delivered / "a.nc", lat=[45], lon=[183]))
    assert item["geometry"] == {"type": "Point", "coordinates": [-177.0, 45.0]}
    assert item["bbox"] == [-177.0, 45.0, -177.0, 45.0]


def test_it_places_a_track_that_is_a_straight_line_over_the_antimeridian(
    storage: Path, delivered: Path
) -> None:
    item = _item(storage, delivered, _swath(delivered / "a.nc", lats=[5, 5, 5], lons=[178, 180, -178]))
    assert item["geometry"]["type"] == "MultiLineString"
    assert item["bbox"] == [178.0, 5.0, -178.0, 5.0]


def test_it_leaves_out_positions_that_are_none(storage: Path, delivered: Path) -> None:
    # Half a position, and what the library of netCDF writes where nothing was written.
    fill = 9.96921e36
    path = _swath(delivered / "a.nc", lats=[1, np.nan, 9, fill, 2], lons=[5, 6, 3, fill, 999])
    assert _item(storage, delivered, path)["bbox"] == [3.0, 1.0, 5.0, 9.0]


def test_it_places_an_area_and_a_station_together(storage: Path, delivered: Path) -> None:
    paths = [
        write_netcdf(delivered / "a.nc", lat=[45], lon=[3]),
        write_netcdf(delivered / "b.nc", lat=[1, 2], lon=[1, 2]),
    ]
    item = json.loads(run_once(worker.run, content=listing(delivered, paths), storage=storage).content)
    assert item["geometry"]["type"] == "MultiPolygon"
    assert item["bbox"] == pytest.approx([0.5, 0.5, 3, 45], abs=1e-5)


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


def _projected(path: Path, *, units: str, metres: float, columns: int = 3) -> Path:
    """Write a grid of LAEA Europe in some unit, of cells a kilometre wide."""
    steps = {"x": 4_000_000 + 1000.0 * np.arange(columns), "y": 3_000_000 + 1000.0 * np.arange(3)}
    with h5netcdf.File(path, "w") as file:
        file.dimensions = {name: values.size for name, values in steps.items()}
        for name, values in steps.items():
            variable = file.create_variable(name, (name,), data=values / metres)
            variable.attrs["standard_name"] = f"projection_{name}_coordinate"
            variable.attrs["units"] = units
        file.create_variable("crs", (), data=np.int8(0)).attrs["crs_wkt"] = _EUROPE.to_wkt()
        file.create_variable("t", ("y", "x"), data=np.zeros((3, columns)))
    return path


@pytest.mark.parametrize(("units", "metres"), [("m", 1.0), ("km", 1000.0), ("", 1.0)])
def test_it_places_a_projected_grid(storage: Path, delivered: Path, units: str, metres: float) -> None:
    edges = (3_999_500, 2_999_500, 4_002_500, 3_002_500)
    item = _item(storage, delivered, _projected(delivered / "a.nc", units=units, metres=metres))
    assert item["bbox"] == pytest.approx(transform_bounds(_EUROPE, "EPSG:4326", *edges), abs=1e-4)
    assert item["assets"]["a.nc"]["cube:dimensions"]["x"] == {
        "type": "spatial",
        "axis": "x",
        "extent": [4_000_000.0, 4_002_000.0],
        "reference_system": 3035,
        "regards:size": 3,
    }


def test_it_places_a_projected_grid_of_one_column(storage: Path, delivered: Path) -> None:
    item = _item(storage, delivered, _projected(delivered / "a.nc", units="m", metres=1.0, columns=1))
    assert item["bbox"][0] == pytest.approx(item["bbox"][2], abs=0.01)
    assert item["bbox"][1] < item["bbox"][3]


def test_it_takes_no_angles_of_a_satellite_for_metres(storage: Path, delivered: Path) -> None:
    item = _item(storage, delivered, _projected(delivered / "a.nc", units="rad", metres=1e7))
    assert item["geometry"] is None
    assert item["assets"]["a.nc"]["cube:dimensions"]["x"]["type"] == "projection_x_coordinate"


@pytest.mark.parametrize("lat", [[], [np.nan, np.nan]])
def test_it_describes_a_file_whose_coordinates_are_empty(
    storage: Path, delivered: Path, lat: list[float]
) -> None:
    path = write_netcdf(delivered / "a.nc", lat=lat, lon=[1, 2])
    result = run_once(worker.run, content=listing(delivered, [path]), storage=storage)
    item = json.loads(result.content)
    assert item["geometry"] is None
    assert item["assets"]["a.nc"]["cube:variables"]["t"]["shape"] == [len(lat), 2]
    assert result.messages == ("a.nc has no coordinates that place it on Earth",)


def test_it_says_when_a_file_has_no_position(storage: Path, delivered: Path) -> None:
    path = delivered / "a.nc"
    with h5netcdf.File(path, "w") as file:
        file.dimensions = {"n": 3}
        file.create_variable("t", ("n",), data=np.zeros(3))
    result = run_once(worker.run, content=listing(delivered, [path]), storage=storage)
    assert json.loads(result.content)["geometry"] is None
    assert result.messages == ("a.nc has no coordinates that place it on Earth",)
