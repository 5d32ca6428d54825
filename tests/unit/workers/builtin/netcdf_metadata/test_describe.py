import json
from pathlib import Path
from typing import Any

import h5netcdf
import h5py
import numpy as np
import pytest

from tests.unit.workers.builtin.scenes import AIR, LANDSAT, copied, listing, write_netcdf
from workers.builtin.netcdf_metadata import worker
from workers.builtin.raster_metadata import worker as raster_metadata
from workers.sdk import InvalidContent
from workers.sdk.testing import run_once

_ATTRIBUTES = {
    "Conventions": "CF-1.8, ACDD-1.3",
    "title": "Temperatures",
    "summary": "Of the air",
    "keywords": "air, temperature; air",
    "institution": "The Institute",
    "platform": "balloon",
    "date_created": "2026-01-02T03:04:05",
    "license": "Free for all",
}


def _item(folder: Path, *paths: Path, storage: Path) -> dict[str, Any]:
    result = run_once(worker.run, content=listing(folder, paths), storage=storage)
    item: dict[str, Any] = json.loads(result.content)
    return item


def test_it_describes_a_real_file_as_raster_metadata_does(delivered: Path, storage: Path) -> None:
    path = copied(AIR, to=delivered / "p" / "air.nc")
    item = _item(delivered, path, storage=storage)
    plain = json.loads(
        run_once(raster_metadata.run, content=listing(delivered, [path]), storage=storage).content
    )
    told = item["assets"]["air.nc"].pop("regards:attributes")
    assert told["Conventions"] == item["properties"].pop("regards:conventions") == "COARDS"
    assert item["properties"].pop("platform") == "Model"
    assert item == plain


def test_it_places_an_hdf5_file_by_the_same_conventions(delivered: Path, storage: Path) -> None:
    netcdf = _item(delivered, copied(AIR, to=delivered / "p" / "air.nc"), storage=storage)
    hdf5 = _item(delivered, copied(AIR, to=delivered / "q" / "air.h5"), storage=storage)
    assert hdf5["geometry"] == netcdf["geometry"]
    assert hdf5["properties"]["start_datetime"] == netcdf["properties"]["start_datetime"]
    assert hdf5["assets"]["air.h5"]["type"] == "application/x-hdf5"
    assert hdf5["assets"]["air.h5"]["cube:variables"] == netcdf["assets"]["air.nc"]["cube:variables"]


def test_it_says_in_words_of_stac_what_the_attributes_tell(delivered: Path, storage: Path) -> None:
    path = write_netcdf(delivered / "p" / "t.nc", lat=[0, 1], lon=[0, 1], attributes=_ATTRIBUTES)
    item = _item(delivered, path, storage=storage)
    told = {key: item["properties"].get(key) for key in ("description", "keywords", "providers", "platform")}
    assert told == {
        "description": "Of the air",
        "keywords": ["air", "temperature"],
        "providers": [{"name": "The Institute", "roles": ["producer"]}],
        "platform": "balloon",
    }
    assert item["properties"]["created"] == "2026-01-02T03:04:05Z"
    assert item["properties"]["regards:license"] == "Free for all"
    assert item["assets"]["t.nc"]["regards:attributes"] == _ATTRIBUTES


def test_it_tells_of_an_item_only_what_all_its_files_say(delivered: Path, storage: Path) -> None:
    first = write_netcdf(delivered / "p" / "a.nc", lat=[0, 1], lon=[0, 1], attributes=_ATTRIBUTES)
    second = write_netcdf(
        delivered / "p" / "b.nc", lat=[0, 1], lon=[0, 1], attributes=_ATTRIBUTES | {"platform": "ship"}
    )
    properties = _item(delivered, first, second, storage=storage)["properties"]
    assert "platform" not in properties
    assert properties["description"] == "Of the air"


def test_it_lists_what_hdf5_holds_beyond_netcdf(delivered: Path, storage: Path) -> None:
    path = delivered / "p" / "odd.h5"
    path.parent.mkdir()
    with h5py.File(path, "w") as file:
        file.attrs["numbers"] = np.arange(3)
        file.attrs["reference"] = file.ref
        file.attrs["not a number"] = np.nan
        file["group/values"] = np.zeros((4, 5), np.float32)
        file["group/texts"] = np.array(["a", "bc"], dtype=h5py.string_dtype())
        file["pairs"] = np.zeros(3, dtype=[("a", "i4"), ("b", "f8")])
        file["scalar"] = 5
    asset = _item(delivered, path, storage=storage)["assets"]["odd.h5"]
    assert set(asset["cube:variables"]) == {"group/values", "group/texts", "pairs", "scalar"}
    assert asset["cube:variables"]["group/values"]["shape"] == [4, 5]
    assert asset["regards:attributes"] == {"numbers": [0, 1, 2]}


def test_it_cuts_long_attributes(delivered: Path, storage: Path) -> None:
    path = write_netcdf(delivered / "p" / "t.nc", lat=[0], lon=[0], attributes={"history": "x" * 50_000})
    assert _item(delivered, path, storage=storage)["assets"]["t.nc"]["regards:attributes"] == {
        "history": "x" * 2000
    }


def test_it_carries_other_files_along(delivered: Path, storage: Path) -> None:
    paths = [copied(AIR, to=delivered / "p" / "a.nc"), copied(LANDSAT, to=delivered / "p" / "b.tif")]
    assets = _item(delivered, *paths, storage=storage)["assets"]
    assert {name: asset["roles"] for name, asset in assets.items()} == {
        "a.nc": ["data"],
        "b.tif": ["metadata"],
    }


def test_it_refuses_files_without_data_and_what_is_damaged(delivered: Path, storage: Path) -> None:
    with pytest.raises(InvalidContent, match="No netCDF or HDF5 file among the 1 file"):
        _item(delivered, copied(LANDSAT, to=delivered / "b.tif"), storage=storage)
    damaged = copied(AIR, to=delivered / "a.h5")
    damaged.write_bytes(damaged.read_bytes()[:5000])
    with pytest.raises(InvalidContent, match=r"a\.h5 is not a readable netCDF-4"):
        _item(delivered, damaged, storage=storage)
    with pytest.raises(InvalidContent, match="files: 5 is not of type 'array'"):
        run_once(worker.run, content=b'{"files": 5}', storage=storage)


def test_it_refuses_hdf5_that_links_to_other_files(delivered: Path, storage: Path) -> None:
    with h5netcdf.File(delivered / "a.nc", "w") as file:
        file.dimensions = {"x": 1}
    with h5py.File(delivered / "a.h5", "w") as other:
        other["out"] = h5py.ExternalLink("/etc/passwd", "/")
    with pytest.raises(InvalidContent, match="links to another file"):
        _item(delivered, delivered / "a.h5", storage=storage)
