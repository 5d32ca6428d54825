import hashlib
import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import numpy as np
import pytest
import rasterio
from PIL import Image

from tests.unit.workers.builtin.scenes import AIR, LANDSAT, copied, listing, write_geotiff, write_netcdf
from workers.builtin.quicklook import worker
from workers.builtin.raster_metadata import worker as raster_metadata
from workers.sdk.testing import run_once


def _drawn(storage: Path, folder: Path, *paths: Path) -> tuple[dict[str, Any], Any]:
    """Return the item with its thumbnail, and the pixels of the thumbnail."""
    described = run_once(raster_metadata.run, content=listing(folder, paths), storage=storage)
    item: dict[str, Any] = json.loads(
        run_once(worker.run, content=described.content, storage=storage).content
    )
    return item, np.asarray(Image.open(_path(item)))


def _path(item: dict[str, Any]) -> Path:
    return Path(unquote(urlsplit(item["assets"]["thumbnail"]["href"]).path))


def test_it_draws_a_landsat_scene_in_its_colours(storage: Path, delivered: Path) -> None:
    item, pixels = _drawn(storage, delivered, copied(LANDSAT, to=delivered / "landsat_rgb.tif"))
    with rasterio.open(LANDSAT) as dataset:
        bands = dataset.read()
    visible = (bands > 0).any(axis=0)
    assert pixels.shape == (215, 237, 4)
    assert np.array_equal(pixels[..., 3] == 255, visible)
    for band, drawn in zip(bands, np.moveaxis(pixels[..., :3], -1, 0), strict=True):
        low, high = np.percentile(band[visible], [2, 98])
        expected = np.clip((band[visible] - low) / (high - low), 0, 1) * 255
        assert np.abs(drawn[visible] - expected).max() <= 0.5
    assert item["assets"]["thumbnail"]["title"] == "Quicklook of landsat_rgb.tif"


def test_it_describes_the_thumbnail(storage: Path, delivered: Path) -> None:
    item, _ = _drawn(storage, delivered, copied(LANDSAT, to=delivered / "landsat_rgb.tif"))
    content = _path(item).read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    asset = item["assets"]["thumbnail"]
    assert content.startswith(b"\x89PNG")
    assert (asset["type"], asset["roles"]) == ("image/png", ["thumbnail"])
    assert (asset["file:size"], asset["file:checksum"]) == (len(content), "1220" + digest)
    assert _path(item).parent == storage / "default" / "request-1" / "quicklook"


def test_it_changes_nothing_else_in_the_item(storage: Path, delivered: Path) -> None:
    path = copied(LANDSAT, to=delivered / "landsat_rgb.tif")
    before = json.loads(
        run_once(raster_metadata.run, content=listing(delivered, [path]), storage=storage).content
    )
    item, _ = _drawn(storage, delivered, path)
    del item["assets"]["thumbnail"]
    assert item == before


def test_it_gives_the_same_picture_on_a_second_attempt(storage: Path, delivered: Path) -> None:
    path = copied(AIR, to=delivered / "a.nc")
    first, _ = _drawn(storage, delivered, path)
    assert _drawn(storage, delivered, path)[0] == first
    assert list(_path(first).parent.iterdir()) == [_path(first)]


def test_it_draws_the_first_slice_of_a_netcdf(storage: Path, delivered: Path) -> None:
    item, pixels = _drawn(storage, delivered, copied(AIR, to=delivered / "a.nc"))
    assert item["assets"]["thumbnail"]["title"] == "Quicklook of air in a.nc, first slice"
    assert pixels.shape == (25, 53, 4)
    assert (pixels[..., 3] == 255).all()
    # Row 0 is 75 N: cold and dark; the last row is 15 N: warm and light.
    assert pixels[0, :, 1].mean() < pixels[-1, :, 1].mean()


@pytest.mark.parametrize(("lat", "row"), [([10, 11, 12], -1), ([12, 11, 10], 0)])
def test_it_puts_north_at_the_top(storage: Path, delivered: Path, lat: list[int], row: int) -> None:
    data = [[9.0, 9], [0, 0], [0, 0]]
    _, pixels = _drawn(storage, delivered, write_netcdf(delivered / "a.nc", lat=lat, lon=[1, 2], data=data))
    assert pixels[row, :, 1].mean() == pixels[..., 1].max()


def test_it_leaves_missing_values_transparent(storage: Path, delivered: Path) -> None:
    data = [[1.0, np.nan], [2.0, 3.0]]
    path = write_netcdf(delivered / "a.nc", lat=[2, 1], lon=[1, 2], data=data)
    _, pixels = _drawn(storage, delivered, path)
    assert pixels[..., 3].tolist() == [[255, 0], [255, 255]]


@pytest.mark.parametrize(("rows", "columns", "expected"), [(600, 1200, (256, 512)), (3000, 2, (512, 1))])
def test_it_fits_large_scenes_into_512_pixels(
    storage: Path, delivered: Path, rows: int, columns: int, expected: tuple[int, int]
) -> None:
    values = np.random.default_rng(1).integers(1, 255, (1, rows, columns), np.uint8)
    path = write_geotiff(
        delivered / "a.tif", values, transform=rasterio.transform.from_origin(0, 10, 0.01, 0.01)
    )
    _, pixels = _drawn(storage, delivered, path)
    assert pixels.shape[:2] == expected


def test_it_draws_one_band_in_grey(storage: Path, delivered: Path) -> None:
    values = np.arange(100, dtype=np.float32).reshape(1, 10, 10)
    _, pixels = _drawn(storage, delivered, write_geotiff(delivered / "a.tif", values))
    assert np.array_equal(pixels[..., 0], pixels[..., 1])
    assert (pixels[0, 0, 0], pixels[-1, -1, 0]) == (0, 255)


def test_it_draws_a_uniform_band_in_mid_grey(storage: Path, delivered: Path) -> None:
    _, pixels = _drawn(
        storage, delivered, write_geotiff(delivered / "a.tif", np.full((1, 3, 3), 7, np.int16))
    )
    assert (pixels[..., :3] == 128).all()


def test_it_uses_the_palette_of_a_classification(storage: Path, delivered: Path) -> None:
    _, pixels = _drawn(storage, delivered, _classes(delivered))
    assert pixels[0, 0, :3].tolist() == [255, 0, 0]
    assert pixels[0, 1, :3].tolist() == [0, 0, 255]


def _classes(folder: Path) -> Path:
    path = write_geotiff(folder / "a.tif", np.array([[[1, 2], [2, 1]]], np.uint8), photometric="palette")
    with rasterio.open(path, "r+") as dataset:
        dataset.write_colormap(1, {1: (255, 0, 0, 255), 2: (0, 0, 255, 255)})
    return path


def test_it_prefers_the_asset_with_colours(storage: Path, delivered: Path) -> None:
    grey = write_geotiff(delivered / "a.tif", np.ones((1, 4, 4), np.uint8))
    colours = write_geotiff(delivered / "b.tif", np.arange(48, dtype=np.uint8).reshape(3, 4, 4))
    item, _ = _drawn(storage, delivered, grey, colours)
    assert item["assets"]["thumbnail"]["title"] == "Quicklook of b.tif"


def test_it_draws_every_item_of_a_collection(storage: Path, delivered: Path) -> None:
    paths = [write_geotiff(delivered / name / "a.tif", np.ones((1, 4, 4), np.uint8)) for name in ("x", "y")]
    described = run_once(raster_metadata.run, content=listing(delivered, paths), storage=storage)
    answer = json.loads(run_once(worker.run, content=described.content, storage=storage).content)
    assert [_path(item).is_file() for item in answer["features"]] == [True, True]
    assert len({_path(item) for item in answer["features"]}) == 2
