import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.unit.workers.builtin.scenes import AIR, LANDSAT, write_geotiff, write_netcdf
from workers.builtin.quicklook import worker
from workers.builtin.scene_kinds import SceneKind
from workers.sdk import InvalidContent
from workers.sdk.testing import run_once


def _refusal(content: object, *, storage: Path, **options: Any) -> str:
    with pytest.raises(InvalidContent) as caught:
        run_once(worker.run, content=json.dumps(content).encode(), storage=storage, **options)
    return str(caught.value)


def _item(path: Path, kind: SceneKind = SceneKind.GEOTIFF) -> dict[str, Any]:
    return {"type": "Feature", "id": "x", "assets": {"data": {"href": path.as_uri(), "type": kind.value}}}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({}, "'type' is a required property"),
        ({"type": "Catalog"}, "type: 'Catalog' is not one of ['Feature', 'FeatureCollection']"),
        ({"type": "FeatureCollection"}, "'features' is a required property"),
        ({"type": "FeatureCollection", "features": []}, "features: [] should be non-empty"),
        ({"type": "FeatureCollection", "features": [{}]}, "features[0]: 'type' is a required property"),
        (
            {"type": "FeatureCollection", "features": [{"type": "x"}]},
            "features[0].type: 'Feature' was expected",
        ),
        ({"type": "Feature", "assets": {}}, "'id' is a required property"),
        ({"type": "Feature", "id": "", "assets": {}}, "id: '' should be non-empty"),
        ({"type": "Feature", "id": "x"}, "'assets' is a required property"),
        ({"type": "Feature", "id": "x", "assets": {"a": 1}}, "assets.a: 1 is not of type 'object'"),
        (
            {"type": "Feature", "id": "x", "assets": {}, "stac_extensions": [[]]},
            "stac_extensions[0]: [] is not",
        ),
        (
            {"type": "Feature", "id": "x", "assets": {"a": {"type": "text/plain"}}},
            "no GeoTIFF or netCDF asset to show, only: a (text/plain)",
        ),
        (
            {"type": "Feature", "id": "x", "assets": {"a": {"type": "application/netcdf"}}},
            "assets.a.href must be a file: URL",
        ),
    ],
)
def test_it_refuses_what_is_no_item(storage: Path, content: object, reason: str) -> None:
    assert reason in _refusal(content, storage=storage)


def test_it_refuses_files_outside_its_folders(storage: Path) -> None:
    assert "outside the folders" in _refusal(_item(Path("/etc/passwd")), storage=storage)


def test_it_never_reads_the_storage_of_another_tenant(storage: Path, delivered: Path) -> None:
    path = write_geotiff(delivered / "a.tif", np.ones((1, 2, 2), np.uint8))
    assert "outside the folders" in _refusal(_item(path), storage=storage, tenant="other")


@pytest.mark.parametrize(("sample", "kind"), [(LANDSAT, SceneKind.GEOTIFF), (AIR, SceneKind.NETCDF)])
def test_it_refuses_a_truncated_file(storage: Path, delivered: Path, sample: Path, kind: SceneKind) -> None:
    path = delivered / sample.name
    path.write_bytes(sample.read_bytes()[:20_000])
    assert "data is not a readable" in _refusal(_item(path, kind), storage=storage)
    assert not (storage / "default" / "request-1" / "quicklook").exists()


def test_it_refuses_a_file_of_another_format(storage: Path, delivered: Path) -> None:
    (delivered / "a.tif").write_text("<VRTDataset/>")
    assert "not a readable GeoTIFF" in _refusal(_item(delivered / "a.tif"), storage=storage)


def test_it_refuses_a_scene_without_a_valid_pixel(storage: Path, delivered: Path) -> None:
    path = write_geotiff(delivered / "a.tif", np.zeros((1, 2, 2), np.uint8), nodata=0)
    assert "no valid pixel" in _refusal(_item(path), storage=storage)


def test_it_refuses_a_netcdf_without_a_plane(storage: Path, delivered: Path) -> None:
    path = write_netcdf(delivered / "a.nc", lat=[1.0], lon=[1.0])
    assert "no variable with two dimensions" in _refusal(_item(path, SceneKind.NETCDF), storage=storage)
