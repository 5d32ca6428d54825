"""Pictures of scenes whose pixels, palettes or dimensions are out of the ordinary."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import h5netcdf
import numpy as np
import pytest
import rasterio
from PIL import Image
from rasterio.enums import ColorInterp
from rasterio.transform import from_origin

from tests.unit.workers.builtin.scenes import write_geotiff
from workers.builtin.quicklook import worker
from workers.sdk import InvalidContent
from workers.sdk.testing import run_once

_GEOTIFF, _NETCDF = "image/tiff; application=geotiff", "application/netcdf"


def _item(path: Path, kind: str, name: str = "x") -> dict[str, Any]:
    return {"type": "Feature", "id": name, "assets": {"data": {"href": path.as_uri(), "type": kind}}}


def _drawn(storage: Path, path: Path, kind: str = _GEOTIFF) -> Any:
    """Return the pixels of the thumbnail."""
    result = run_once(worker.run, content=json.dumps(_item(path, kind)).encode(), storage=storage)
    href = json.loads(result.content)["assets"]["thumbnail"]["href"]
    return np.asarray(Image.open(unquote(urlsplit(href).path)))


def _cube(path: Path, names: tuple[str, ...], data: Any, **attributes: str) -> Path:
    """Write a variable with coordinates ``lat`` and ``lon``, and any other dimension without."""
    known = {"lat": ([1.0, 2, 3], "degrees_north"), "lon": ([1.0, 2], "degrees_east")}
    with h5netcdf.File(path, "w") as file:
        file.dimensions = dict(zip(names, np.shape(data), strict=True))
        for name in [name for name in names if name in known]:
            values, units = known[name]
            file.create_variable(name, (name,), data=np.asarray(values)).attrs["units"] = units
        file.create_variable("t", names, data=np.asarray(data)).attrs.update(attributes)
    return path


@pytest.mark.parametrize("names", [("lon", "lat"), ("lat", "lon", "band"), ("band", "lon", "lat")])
def test_it_puts_latitudes_upright_however_they_are_stored(
    storage: Path, delivered: Path, names: tuple[str, ...]
) -> None:
    sizes = {"lat": 3, "lon": 2, "band": 4}
    # Warm in the north-east, cold elsewhere.
    places: dict[str, Any] = {"lat": 2, "lon": 1, "band": slice(None)}
    data = np.zeros([sizes[name] for name in names])
    data[tuple(places[name] for name in names)] = 9
    pixels = _drawn(storage, _cube(delivered / "a.nc", names, data), _NETCDF)
    assert pixels.shape == (3, 2, 4)
    assert pixels[0, 1, 1] > pixels[2, 0, 1]
    assert pixels[0, 1, 1] > pixels[0, 0, 1]


def test_it_shows_no_variable_that_is_there_for_another(storage: Path, delivered: Path) -> None:
    path = _cube(delivered / "a.nc", ("lat", "lon"), np.ones((3, 2)), ancillary_variables="a_quality")
    with h5netcdf.File(path, "a") as file:
        file.create_variable("a_quality", ("lat", "lon"), data=np.zeros((3, 2), np.int8))
    result = run_once(worker.run, content=json.dumps(_item(path, _NETCDF)).encode(), storage=storage)
    title = json.loads(result.content)["assets"]["thumbnail"]["title"]
    assert title == "Quicklook of t in data, first slice"


def test_it_knows_palettes_of_more_than_256_colours(storage: Path, delivered: Path) -> None:
    path = write_geotiff(delivered / "a.tif", np.array([[[1, 255, 1000]]], np.uint16), photometric="palette")
    with rasterio.open(path, "r+") as dataset:
        dataset.write_colormap(1, {1: (255, 0, 0, 255), 255: (0, 255, 0, 255), 1000: (0, 0, 255, 255)})
    pixels = _drawn(storage, path)
    assert pixels[0, :, :3].tolist() == [[255, 0, 0], [0, 255, 0], [0, 0, 255]]


def test_it_refuses_a_palette_without_a_valid_pixel(storage: Path, delivered: Path) -> None:
    path = write_geotiff(delivered / "a.tif", np.zeros((1, 2, 2), np.uint8), photometric="palette", nodata=0)
    with rasterio.open(path, "r+") as dataset:
        dataset.write_colormap(1, {1: (255, 0, 0, 255)})
    with pytest.raises(InvalidContent, match="no valid pixel"):
        _drawn(storage, path)


def test_it_draws_negatives_of_photographs_as_they_are_meant(storage: Path, delivered: Path) -> None:
    path = write_geotiff(delivered / "a.tif", np.array([[[0, 255]]], np.uint8), photometric="miniswhite")
    assert _drawn(storage, path)[0, :, 0].tolist() == [255, 0]


def test_it_draws_the_magnitude_of_complex_integers(storage: Path, delivered: Path) -> None:
    path = delivered / "slc.tif"
    place = {"crs": "EPSG:4326", "transform": from_origin(0, 10, 1, 1)}
    with rasterio.open(
        path, "w", driver="GTiff", width=2, height=1, count=1, dtype="complex_int16", **place
    ) as dataset:
        dataset.write(np.array([[[1, 3 + 4j]]], np.complex64))
    assert _drawn(storage, path)[0, :, 0].tolist() == [0, 255]


def test_it_draws_numbers_that_are_as_far_apart_as_can_be(storage: Path, delivered: Path) -> None:
    path = write_geotiff(delivered / "a.tif", np.array([[[-1.7976931348623157e308, 1.7976931348623157e308]]]))
    assert _drawn(storage, path)[0, :, 0].tolist() == [0, 255]


def test_it_stretches_16_bits_and_keeps_what_is_transparent(storage: Path, delivered: Path) -> None:
    values = np.array([[[100, 4000]], [[100, 4000]], [[100, 4000]], [[65535, 0]]], np.uint16)
    path = write_geotiff(delivered / "a.tif", values, photometric="rgb", alpha="yes")
    with rasterio.open(path, "r+") as dataset:
        dataset.colorinterp = [ColorInterp.red, ColorInterp.green, ColorInterp.blue, ColorInterp.alpha]
    assert _drawn(storage, path)[0, :, 3].tolist() == [255, 0]


def test_it_draws_what_others_call_cloud_optimised(storage: Path, delivered: Path) -> None:
    path = write_geotiff(delivered / "a.tif", np.ones((1, 2, 2), np.uint8))
    for kind in (f"{_GEOTIFF}; profile=cloud-optimized", "image/tiff;application=geotiff"):
        assert _drawn(storage, path, kind).shape == (2, 2, 4)


def test_it_names_the_item_of_a_collection_whose_file_it_may_not_read(storage: Path, delivered: Path) -> None:
    good = _item(write_geotiff(delivered / "a.tif", np.ones((1, 2, 2), np.uint8)), _GEOTIFF, "a")
    content = {"type": "FeatureCollection", "features": [good, _item(Path("/etc/hostname"), _GEOTIFF, "b")]}
    with pytest.raises(InvalidContent, match=r"^features\[1\]\.assets\.data\.href: "):
        run_once(worker.run, content=json.dumps(content).encode(), storage=storage)
