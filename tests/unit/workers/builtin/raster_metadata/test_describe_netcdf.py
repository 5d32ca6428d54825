"""Variables, times and texts of netCDF files as they are found in the field."""

import json
from pathlib import Path
from typing import Any

import h5netcdf
import h5py
import numpy as np
import pytest

from tests.unit.workers.builtin.scenes import listing, write_netcdf
from workers.builtin.netcdf_files import open_netcdf, read_values, thinned
from workers.builtin.netcdf_metadata import worker as netcdf_metadata
from workers.builtin.raster_metadata import worker
from workers.sdk.testing import run_once


def _item(storage: Path, path: Path, run: Any = worker.run) -> dict[str, Any]:
    result = run_once(run, content=listing(path.parent, [path]), storage=storage)
    item: dict[str, Any] = json.loads(result.content)
    return item


def _values(path: Path, data: Any, **attributes: Any) -> list[float]:
    """Write a variable and read it back."""
    with h5netcdf.File(path, "w") as file:
        file.dimensions = {"x": len(data)}
        file.create_variable("v", ("x",), data=np.asarray(data)).attrs.update(attributes)
    with open_netcdf(path, name="a.nc") as variables:
        found: list[float] = read_values(variables["v"]).tolist()
        return found


def test_it_takes_the_time_of_the_data_and_not_of_the_forecast(storage: Path, delivered: Path) -> None:
    units = {"units": "hours since 2020-01-01"}
    path = delivered / "a.nc"
    with h5netcdf.File(path, "w") as file:
        file.dimensions = {"time": 2, "pixel": 3}
        names = {"acquired": ("pixel",), "forecast_reference_time": (), "time": ("time",)}
        for name, dimensions in names.items():
            data = np.full([file.dimensions[each].size for each in dimensions], 48.0 * (name == "time"))
            file.create_variable(name, dimensions, data=data).attrs.update(units | {"standard_name": name})
    assert _item(storage, path)["properties"]["datetime"] == "2020-01-03T00:00:00Z"


def test_it_reads_nanoseconds(storage: Path, delivered: Path) -> None:
    time = (np.array([1_600_000_000_000_000_000]), {"units": "nanoseconds since 1970-01-01"})
    path = write_netcdf(delivered / "a.nc", lat=[1, 2], lon=[1, 2], time=time)
    assert _item(storage, path)["properties"]["datetime"] == "2020-09-13T12:26:40Z"


def test_it_turns_a_covered_time_that_runs_backwards(storage: Path, delivered: Path) -> None:
    covered = {"time_coverage_start": "2010-05-02T00:00:00Z", "time_coverage_end": "2010-05-01T00:00:00Z"}
    path = write_netcdf(delivered / "a.nc", lat=[1, 2], lon=[1, 2], attributes=covered)
    assert _item(storage, path)["properties"]["start_datetime"] == "2010-05-01T00:00:00Z"


def test_it_gives_every_dimension_an_extent(storage: Path, delivered: Path) -> None:
    path = write_netcdf(delivered / "a.nc", lat=[1, 2], lon=[1, 2])
    with h5netcdf.File(path, "a") as file:
        file.dimensions["n"] = 3
        file.create_variable("counted", ("n",), data=np.zeros(3))
        file.dimensions["level"] = 2
        file.create_variable("level", ("level",), data=np.full(2, np.nan))
    dimensions = _item(storage, path)["assets"]["a.nc"]["cube:dimensions"]
    assert dimensions["n"] == {"type": "index", "extent": [0, 2], "regards:size": 3}
    assert dimensions["level"]["extent"] == [0, 1]
    assert dimensions["lat"]["extent"] == [1.0, 2.0]


def test_it_reads_integers_without_a_sign(tmp_path: Path) -> None:
    # As GOES-R has them: the largest number is the fill value.
    stored = np.array([1, -2, -1], np.int16)
    attributes = {"_Unsigned": "true", "_FillValue": np.int16(-1), "scale_factor": 0.5, "add_offset": 10.0}
    assert _values(tmp_path / "a.nc", stored, **attributes) == pytest.approx(
        [10.5, 32777.0, np.nan], nan_ok=True
    )


@pytest.mark.parametrize(
    ("data", "missing", "expected"),
    [
        (np.array([1, 1e20], np.float32), np.float64(1e20), [1, np.nan]),
        (np.array([1, 25], np.uint8), np.int16(-999), [1, 25]),
        (np.array([1, 7, 9], np.int32), np.array([7, 9]), [1, np.nan, np.nan]),
        (np.array([1.0, 2.0]), "N/A", [1, 2]),
        (np.array([1, 2], np.int16), np.float32(np.nan), [1, 2]),
    ],
)
def test_it_leaves_out_what_is_missing(
    tmp_path: Path, data: Any, missing: Any, expected: list[float]
) -> None:
    found = _values(tmp_path / "a.nc", data, missing_value=missing)
    assert found == pytest.approx(expected, nan_ok=True)


def test_it_replaces_letters_that_are_no_utf_8(storage: Path, delivered: Path) -> None:
    path = write_netcdf(delivered / "a.nc", lat=[1, 2], lon=[1, 2])
    with h5py.File(path, "a") as file:
        for name, kind in (("title", h5py.string_dtype("ascii")), ("institution", "S10")):
            file.attrs.create(name, "Météo".encode("latin-1"), dtype=kind)
        file["t"].attrs.create("long_name", np.bytes_(b"a\0b\xe9"))
    item = _item(storage, path, run=netcdf_metadata.run)
    asset = item["assets"]["a.nc"]
    assert asset["title"] == asset["regards:attributes"]["institution"] == "M\ufffdt\ufffdo"
    assert asset["cube:variables"]["t"]["description"] == "a\ufffdb\ufffd"
    json.dumps(item, ensure_ascii=False).encode("utf-8")


@pytest.mark.parametrize("shape", [(1, 10**12), (10**12,), (10**6, 10**6), (3, 5, 10**9), (1000, 1000)])
def test_it_thins_out_arrays_of_every_form(shape: tuple[int, ...]) -> None:
    kept = [
        len(range(*each.indices(length)))
        for each, length in zip(thinned(shape, most=250_000), shape, strict=True)
    ]
    assert 250_000 / 8 <= np.prod(kept) <= 250_000


def test_it_keeps_small_arrays_whole() -> None:
    assert thinned((10, 10, 10), most=1000) == (slice(None),) * 3
