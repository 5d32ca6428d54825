import json
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import numpy as np
import pytest
import rasterio
from rasterio.control import GroundControlPoint
from rasterio.transform import from_origin

from tests.unit.workers.builtin.scenes import AIR, LANDSAT, copied, listing, write_geotiff
from workers.builtin.cloud_optimised_geotiff import worker
from workers.builtin.cloud_optimised_geotiff.cog import CogOptions, NotTheSame, check_cog
from workers.builtin.raster_metadata import worker as raster_metadata
from workers.sdk import InvalidContent
from workers.sdk.testing import run_once


def _run(content: dict[str, Any], *, storage: Path) -> dict[str, Any]:
    result = run_once(worker.run, content=json.dumps(content).encode(), storage=storage)
    answer: dict[str, Any] = json.loads(result.content)
    return answer


def _path(url: str) -> Path:
    return Path(unquote(urlsplit(url).path))


def _written(path: Path, *, storage: Path, **options: Any) -> Path:
    return _path(_run({"url": path.as_uri(), **options}, storage=storage)["files"][0]["url"])


@pytest.fixture
def large() -> Any:
    """Give bands of 700 x 600 pixels that compress neither too well nor too badly."""
    return np.random.default_rng(1).integers(0, 200, (2, 700, 600)).astype(np.uint16)


def test_it_writes_tiles_and_overviews_of_the_same_pixels(delivered: Path, storage: Path, large: Any) -> None:
    source = write_geotiff(delivered / "s.tif", large, nodata=7)
    with rasterio.open(_written(source, storage=storage)) as made:
        assert made.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert made.tags(ns="IMAGE_STRUCTURE")["COMPRESSION"] == "DEFLATE"
        assert made.block_shapes == [(512, 512)] * 2
        assert made.overviews(1) == [2]
        assert (made.nodata, made.crs.to_epsg(), tuple(made.bounds)) == (7, 4326, (0, -690, 600, 10))
        assert np.array_equal(made.read(), large)


@pytest.mark.parametrize("compression", ["LZW", "ZSTD", "NONE"])
def test_it_compresses_as_asked(delivered: Path, storage: Path, large: Any, compression: str) -> None:
    source = write_geotiff(delivered / "s.tif", large)
    options = {"compression": compression, "blockSize": 256, "overviewResampling": "AVERAGE"}
    with rasterio.open(_written(source, storage=storage, **options)) as made:
        assert made.tags(ns="IMAGE_STRUCTURE").get("COMPRESSION", "NONE") == compression
        assert made.block_shapes[0] == (256, 256)
        assert made.overviews(1) == [2, 4]


def test_it_turns_a_real_scene_into_one_that_the_next_step_describes(delivered: Path, storage: Path) -> None:
    paths = [
        copied(LANDSAT, to=delivered / "scene" / "été.tif"),
        copied(AIR, to=delivered / "scene" / "air.nc"),
    ]
    before = json.loads(listing(delivered, paths))
    answer = _run(before, storage=storage)
    picture, other = answer["files"]
    assert answer["archive"] == before["archive"]
    assert picture["path"] == "scene/été.tif"
    assert picture["source"] == {key: before["files"][0][key] for key in ("url", "size", "sha256")}
    assert other == before["files"][1]
    item = json.loads(
        run_once(raster_metadata.run, content=json.dumps(answer).encode(), storage=storage).content
    )
    assert item["assets"]["été.tif"]["href"] == picture["url"]
    assert item["assets"]["été.tif"]["proj:shape"] == [215, 237]


def test_it_gives_the_same_file_on_a_second_attempt(delivered: Path, storage: Path) -> None:
    copied(LANDSAT, to=delivered / "a.tif")
    content = {"url": (delivered / "a.tif").as_uri()}
    assert _run(content, storage=storage) == _run(content, storage=storage)
    assert len(list(storage.rglob("*/cog/*"))) == 1


@pytest.mark.parametrize("kind", ["float32", "int8", "complex64", "uint8"])
def test_it_keeps_values_of_every_type(delivered: Path, storage: Path, kind: str) -> None:
    values = np.arange(60).reshape(1, 6, 10).astype(kind)
    source = write_geotiff(delivered / "s.tif", values)
    with rasterio.open(_written(source, storage=storage)) as made:
        assert made.dtypes[0] == kind
        assert np.array_equal(made.read(), values)


def test_it_keeps_complex_integers_and_scales(delivered: Path, storage: Path) -> None:
    place = {"crs": "EPSG:4326", "transform": from_origin(0, 10, 1, 1)}
    values = np.arange(60).reshape(1, 6, 10) * (1 + 2j)
    with rasterio.open(
        delivered / "s.tif", "w", driver="GTiff", width=10, height=6, count=1, dtype="complex_int16", **place
    ) as dataset:
        dataset.write(values.astype(np.complex64))
        dataset.scales, dataset.offsets = (0.5,), (3.0,)
    with rasterio.open(_written(delivered / "s.tif", storage=storage)) as made:
        assert (made.dtypes, made.scales, made.offsets) == (("complex_int16",), (0.5,), (3.0,))
        assert np.array_equal(made.read(), values)


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_it_keeps_masks_palettes_and_control_points(delivered: Path, storage: Path) -> None:
    values = (np.arange(600 * 600).reshape(1, 600, 600) % 3).astype(np.uint8)
    points = [GroundControlPoint(row, column, column, row) for row in (0, 9) for column in (0, 9)]
    source = write_geotiff(
        delivered / "s.tif", values, photometric="PALETTE", transform=None, epsg=None, nbits=2
    )
    with rasterio.open(source, "r+") as dataset:
        dataset.write_colormap(1, {0: (1, 2, 3, 255), 1: (4, 5, 6, 255), 2: (7, 8, 9, 255)})
        dataset.gcps = points, rasterio.crs.CRS.from_epsg(4326)
    with rasterio.open(_written(source, storage=storage)) as made:
        assert made.colormap(1)[2] == (7, 8, 9, 255)
        assert len(made.gcps[0]) == 4
        assert np.array_equal(made.read(), values)
    masked = write_geotiff(delivered / "m.tif", values)
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(masked, "r+") as dataset:
        dataset.write_mask(values[0] == 1)
    with rasterio.open(_written(masked, storage=storage)) as made:
        assert np.array_equal(made.read_masks(1) > 0, values[0] == 1)


def test_it_knows_a_file_that_is_not_the_same(delivered: Path, storage: Path, large: Any) -> None:
    source = write_geotiff(delivered / "s.tif", large)
    plain = write_geotiff(delivered / "p.tif", large + 1, nodata=3)
    options = CogOptions.of({})
    with pytest.raises(NotTheSame) as caught:
        check_cog(source, written=plain, options=options, name="s.tif")
    for fault in ("layout", "tiles", "no overviews", "nodata was", "pixels of band 2 differ"):
        assert fault in str(caught.value)
    check_cog(source, written=_written(source, storage=storage), options=options, name="s.tif")


@pytest.mark.parametrize(
    ("kind", "place", "other"),
    [("float32", 0, 0.3), ("float64", 599 * 600, 1e-9), ("float32", 7, np.nan), ("int32", 5, 2**30)],
)
def test_it_knows_a_single_pixel_that_differs(
    delivered: Path, storage: Path, kind: str, place: int, other: float
) -> None:
    values = np.full((1, 600, 600), 0.1 if "float" in kind else 1, kind)
    source = write_geotiff(delivered / "s.tif", values)
    values.ravel()[place] = other
    changed = _written(write_geotiff(delivered / "c.tif", values), storage=storage)
    with pytest.raises(NotTheSame, match="the pixels of band 1 differ"):
        check_cog(source, written=changed, options=CogOptions.of({}), name="s.tif")


def test_it_takes_no_missing_number_for_a_difference(delivered: Path, storage: Path) -> None:
    values = np.full((1, 600, 600), np.nan, np.float32)
    _written(write_geotiff(delivered / "s.tif", values, nodata=np.nan), storage=storage)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({}, 'neither "files" nor "url"'),
        ({"url": "/etc/hostname"}, "outside the folders"),
        ({"url": "zip:///a.zip/b.tif"}, "only file: URLs are taken"),
        ({"url": "/a", "compression": "JPEG"}, "compression: 'JPEG' is not one of"),
        ({"url": "/a", "blockSize": 513}, "blockSize: 513 is not one of"),
        ({"files": [{"url": 5}]}, r"files\[0\]\.url: 5 is not of type"),
    ],
)
def test_it_refuses(storage: Path, content: dict[str, Any], reason: str) -> None:
    with pytest.raises(InvalidContent, match=reason):
        _run(content, storage=storage)


def test_it_refuses_damaged_files_and_leaves_nothing(delivered: Path, storage: Path, large: Any) -> None:
    source = write_geotiff(delivered / "s.tif", large, compress="deflate")
    content = source.read_bytes()
    source.write_bytes(content[: len(content) // 2])
    with pytest.raises(InvalidContent, match=r"s\.tif is not a readable GeoTIFF"):
        _run({"url": source.as_uri()}, storage=storage)
    shutil.copyfile(AIR, delivered / "s.tif")
    with pytest.raises(InvalidContent, match=r"No GeoTIFF file among the 1 file"):
        _run({"url": source.as_uri()}, storage=storage)
    assert list(storage.rglob("cog")) == []


def test_it_refuses_too_many_pixels(
    delivered: Path, storage: Path, large: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RASTER_MAX_PIXELS", "1000")
    with pytest.raises(InvalidContent, match="RASTER_MAX_PIXELS"):
        _written(write_geotiff(delivered / "s.tif", large), storage=storage)
