"""The demonstration does not believe its workers: each lie in a result is found."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from scripts.demonstration import checks
from scripts.demonstration.checks import Mismatch
from scripts.demonstration.deliveries import Delivery, receive
from workers.builtin.extract_archive import worker as extract_archive
from workers.builtin.quicklook import worker as quicklook
from workers.builtin.raster_metadata import worker as raster_metadata
from workers.sdk.testing import run_once

Item = dict[str, Any]
_TIF, _NC = "landsat_rgb.tif", "air_temperature_small.nc"


@pytest.fixture
def deliveries(tmp_path: Path) -> list[Delivery]:
    """Deliver every product in every format."""
    incoming = tmp_path / "incoming"
    incoming.mkdir()
    return receive(folder=incoming)


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Callable[[Delivery], Item]]:
    """Give what runs a delivery through the three steps."""

    def run(delivery: Delivery) -> Item:
        content = json.dumps({"url": delivery.archive.as_uri()}).encode()
        for step in (extract_archive, raster_metadata, quicklook):
            content = run_once(
                step.run,
                content=content,
                storage=tmp_path / "storage",
                file_roots=(delivery.archive.parent,),
                request_id=delivery.name,
            ).content
        item: Item = json.loads(content)
        return item

    yield run
    shutil.rmtree(tmp_path / "storage")


def _of(deliveries: list[Delivery], product: str) -> Delivery:
    return next(delivery for delivery in deliveries if delivery.name == f"{product}.zip")


def _asset(item: Item, file: str) -> Item:
    found: Item = next(asset for name, asset in item["assets"].items() if name.endswith(file))
    return found


def test_it_delivers_two_products_in_two_formats(deliveries: list[Delivery]) -> None:
    assert [delivery.name for delivery in deliveries] == [
        "landsat.zip",
        "landsat.tar.gz",
        "air-temperature.zip",
        "air-temperature.tar.gz",
    ]


def test_it_finds_true_results_true(deliveries: list[Delivery], process: Callable[[Delivery], Item]) -> None:
    facts = [checks.check(item=process(delivery), delivery=delivery) for delivery in deliveries]
    assert min(facts) >= 14


def _shift_box(item: Item) -> None:
    item["bbox"][0] += 0.01


def _shrink_polygon(item: Item) -> None:
    item["geometry"]["coordinates"][0] = item["geometry"]["coordinates"][0][:30]


def _lose_a_band(item: Item) -> None:
    _asset(item, _TIF)["raster:bands"].pop()


def _swap_the_shape(item: Item) -> None:
    _asset(item, _TIF)["proj:shape"].reverse()


def _lose_a_file(item: Item) -> None:
    del item["assets"]["SHA256SUMS"]


def _damage_the_scene(item: Item) -> None:
    Path(_asset(item, _TIF)["href"].removeprefix("file://")).write_bytes(b"damaged")


def _lie_about_the_checksum(item: Item) -> None:
    _asset(item, _TIF)["file:checksum"] = "1220" + "0" * 64


def _replace_the_quicklook(item: Item) -> None:
    checks.quicklook_of(item).write_bytes(b"no picture")


@pytest.mark.parametrize(
    ("lie", "fact"),
    [
        (_shift_box, "box of the footprint"),
        (_shrink_polygon, "polygon of the footprint"),
        (_lose_a_band, "range of each band"),
        (_swap_the_shape, "shape"),
        (_lose_a_file, "files"),
        (_damage_the_scene, f"content of {_TIF}"),
        (_lie_about_the_checksum, f"checksum of {_TIF}"),
        (_replace_the_quicklook, "checksum of the quicklook"),
    ],
)
def test_it_finds_what_is_wrong_with_a_landsat_result(
    deliveries: list[Delivery], process: Callable[[Delivery], Item], lie: Callable[[Item], None], fact: str
) -> None:
    delivery = _of(deliveries, "landsat")
    item = process(delivery)
    lie(item)
    with pytest.raises(Mismatch, match=rf"^{fact}"):
        checks.check(item=item, delivery=delivery)


def _paint_it_black(item: Item) -> None:
    file = checks.quicklook_of(item)
    with Image.open(file) as picture:
        size = picture.size
    Image.new("RGB", size).save(file)
    _sign_the_quicklook(item)


def _crop_the_quicklook(item: Item) -> None:
    file = checks.quicklook_of(item)
    with Image.open(file) as picture:
        cropped = picture.crop((0, 0, 20, 20))
    cropped.save(file)
    _sign_the_quicklook(item)


def _sign_the_quicklook(item: Item) -> None:
    item["assets"]["thumbnail"]["file:checksum"] = checks.multihash(checks.quicklook_of(item))


def _end_a_day_later(item: Item) -> None:
    item["properties"]["end_datetime"] = "2014-03-01T18:00:00Z"


def _stretch_a_dimension(item: Item) -> None:
    _asset(item, _NC)["cube:dimensions"]["time"]["regards:size"] += 1


@pytest.mark.parametrize(
    ("lie", "fact"),
    [
        (_shift_box, "box of the footprint"),
        (_end_a_day_later, "end_datetime"),
        (_stretch_a_dimension, "dimensions"),
        (_paint_it_black, "quicklook shows something"),
        (_crop_the_quicklook, "size of the quicklook"),
    ],
)
def test_it_finds_what_is_wrong_with_a_netcdf_result(
    deliveries: list[Delivery], process: Callable[[Delivery], Item], lie: Callable[[Item], None], fact: str
) -> None:
    delivery = _of(deliveries, "air-temperature")
    item = process(delivery)
    lie(item)
    with pytest.raises(Mismatch, match=rf"^{fact}"):
        checks.check(item=item, delivery=delivery)
