import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from tests.unit.workers.builtin.scenes import AIR, LANDSAT, copied, listing, write_geotiff, write_netcdf
from workers.builtin.raster_metadata import worker
from workers.sdk import InvalidContent
from workers.sdk.testing import run_once


def _refusal(content: bytes, *, storage: Path, **options: Any) -> str:
    with pytest.raises(InvalidContent) as caught:
        run_once(worker.run, content=content, storage=storage, **options)
    return str(caught.value)


def test_it_names_the_files_when_none_is_a_scene(storage: Path, delivered: Path) -> None:
    (delivered / "a.txt").write_text("hello")
    (delivered / "fake.tif").write_text("<VRTDataset/>")
    refusal = _refusal(listing(delivered, sorted(delivered.iterdir())), storage=storage)
    assert refusal == "No GeoTIFF or netCDF file among the 2 file(s) found: a.txt, fake.tif"


@pytest.mark.parametrize("sample", [LANDSAT, AIR])
@pytest.mark.parametrize("kept", [60, 2000, 0.5])
def test_it_refuses_a_truncated_file_by_name(
    storage: Path, delivered: Path, sample: Path, kept: float
) -> None:
    path = delivered / sample.name
    whole = sample.read_bytes()
    path.write_bytes(whole[: int(kept if kept > 1 else kept * len(whole))])
    assert _refusal(listing(delivered, [path]), storage=storage).startswith(
        f"{sample.name} is not a readable"
    )


def test_it_refuses_garbage_behind_the_first_bytes(storage: Path, delivered: Path) -> None:
    noise = bytes(range(256)) * 8
    (delivered / "a.tif").write_bytes(b"II*\0" + noise)
    (delivered / "b.nc").write_bytes(b"\x89HDF\r\n\x1a\n" + noise)
    for path in sorted(delivered.iterdir()):
        assert "is not a readable" in _refusal(listing(delivered, [path]), storage=storage)


def test_it_refuses_a_raster_with_too_many_pixels(
    storage: Path, delivered: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RASTER_MAX_PIXELS", "1000")
    path = copied(LANDSAT, to=delivered / "a.tif")
    assert "50955 pixels per band, 1000 are allowed" in _refusal(listing(delivered, [path]), storage=storage)


def test_it_refuses_blocks_that_would_fill_the_memory(storage: Path, delivered: Path) -> None:
    path = delivered / "a.tif"
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=32_768,
        height=32_768,
        count=1,
        dtype="uint8",
        tiled=True,
        blockxsize=32_768,
        blockysize=32_768,
        sparse_ok=True,
        crs="EPSG:4326",
        transform=from_origin(0, 10, 1e-4, 1e-4),
    ):
        pass
    assert "too large to read" in _refusal(listing(delivered, [path]), storage=storage)


def test_it_refuses_classic_netcdf_with_advice(storage: Path, delivered: Path) -> None:
    (delivered / "a.nc").write_bytes(b"CDF\1" + bytes(100))
    assert "nccopy" in _refusal(listing(delivered, [delivered / "a.nc"]), storage=storage)


def test_it_refuses_hdf5_links_into_other_files(storage: Path, delivered: Path) -> None:
    path = write_netcdf(delivered / "a.nc", lat=[1, 2], lon=[1, 2])
    with h5py.File(path, "a") as file:
        file["stolen"] = h5py.ExternalLink("/etc/secret.h5", "/data")
    assert "links to another file ('/etc/secret.h5')" in _refusal(listing(delivered, [path]), storage=storage)


def test_it_refuses_soft_links_that_multiply_groups(storage: Path, delivered: Path) -> None:
    path = write_netcdf(delivered / "a.nc", lat=[1, 2], lon=[1, 2])
    with h5py.File(path, "a") as file:
        for number in range(24):
            group = file.create_group(f"g{number}")
            group["one"] = group["two"] = h5py.SoftLink(f"/g{number + 1}")
        file.create_group("g24")
    assert "more than 10000 objects" in _refusal(listing(delivered, [path]), storage=storage)


def test_it_refuses_soft_links_that_lead_back(storage: Path, delivered: Path) -> None:
    path = write_netcdf(delivered / "a.nc", lat=[1, 2], lon=[1, 2])
    with h5py.File(path, "a") as file:
        file["again"] = h5py.SoftLink("/")
    assert "more than 10000 objects" in _refusal(listing(delivered, [path]), storage=storage)


def test_it_refuses_hdf5_data_kept_in_other_files(storage: Path, delivered: Path) -> None:
    path = write_netcdf(delivered / "a.nc", lat=[1, 2], lon=[1, 2])
    with h5py.File(path, "a") as file:
        file.create_dataset("passwd", (100,), dtype="u1", external=[("/etc/passwd", 0, 100)])
    assert "keeps the data of '/passwd' in other files" in _refusal(
        listing(delivered, [path]), storage=storage
    )


def test_it_refuses_virtual_hdf5_data(storage: Path, delivered: Path) -> None:
    path = write_netcdf(delivered / "a.nc", lat=[1, 2], lon=[1, 2])
    layout = h5py.VirtualLayout(shape=(4,), dtype="f8")
    layout[:] = h5py.VirtualSource("/etc/other.h5", "x", shape=(4,))
    with h5py.File(path, "a") as file:
        file.create_virtual_dataset("virtual", layout)
    assert "in other files" in _refusal(listing(delivered, [path]), storage=storage)


def test_it_refuses_chunks_that_would_fill_the_memory(storage: Path, delivered: Path) -> None:
    path = write_netcdf(delivered / "a.nc", lat=[1, 2], lon=[1, 2])
    with h5py.File(path, "a") as file:
        file.create_dataset("huge", (10**9,), dtype="f8", chunks=(10**8,), compression="gzip")
    assert "too large to read" in _refusal(listing(delivered, [path]), storage=storage)


def test_it_ignores_side_cars_of_a_raster(storage: Path, delivered: Path) -> None:
    path = write_geotiff(delivered / "a.tif", np.ones((1, 4, 4), np.uint8))
    (delivered / "a.tif.aux.xml").write_text("<PAMDataset><SRS>EPSG:32631</SRS></PAMDataset>")
    item = json.loads(run_once(worker.run, content=listing(delivered, [path]), storage=storage).content)
    assert item["properties"]["proj:code"] == "EPSG:4326"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({}, "'files' is a required property"),
        ({"files": []}, "files: [] should be non-empty"),
        ({"files": "x"}, "files: 'x' is not of type 'array'"),
        ({"files": [1]}, "files[0]: 1 is not of type 'object'"),
        ({"files": [{}]}, "files[0]: 'url' is a required property"),
        ({"files": [{"url": ""}]}, "files[0].url: '' should be non-empty"),
        ({"files": [{"url": "file:///etc/passwd"}]}, "files[0].url: 'file:///etc/passwd' is outside"),
        ({"files": [{"url": "http://x/y.tif"}]}, "scheme 'http'"),
        ({"archive": 1, "files": []}, "archive: 1 is not of type 'object', 'null'"),
        ({"archive": {}, "files": []}, "archive: 'url' is a required property"),
    ],
)
def test_it_refuses_malformed_content(storage: Path, content: object, reason: str) -> None:
    assert reason in _refusal(json.dumps(content).encode(), storage=storage)


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("size", 7, "files[0].size says 7"),
        ("size", "7", "files[0].size: '7' is not of type 'integer', 'null'"),
        ("sha256", "ABC", "files[0].sha256: 'ABC' does not match"),
        ("sha256", "a" * 64 + "\n", "files[0].sha256: "),
        ("path", "../x", "files[0].path must be a relative path"),
        ("path", 3, "files[0].path: 3 is not of type 'string'"),
    ],
)
def test_it_refuses_wrong_facts_about_a_file(
    storage: Path, delivered: Path, field: str, value: object, reason: str
) -> None:
    content = json.loads(listing(delivered, [copied(LANDSAT, to=delivered / "a.tif")]))
    content["files"][0][field] = value
    assert reason in _refusal(json.dumps(content).encode(), storage=storage)


def test_it_never_reads_the_storage_of_another_tenant(storage: Path, delivered: Path) -> None:
    content = listing(delivered, [copied(LANDSAT, to=delivered / "a.tif")])
    assert "outside the folders" in _refusal(content, storage=storage, tenant="other")
