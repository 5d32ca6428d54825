"""Is a result true? It is compared with what the delivered file holds, read without the workers' code."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import h5netcdf
import numpy as np
import rasterio
import rasterio.warp
from PIL import Image

from scripts.demonstration.deliveries import Delivery

#: Multihash prefix of SHA-256, as STAC's `file:checksum` has it.
_SHA256: Final = "1220"
#: Degrees that two ways to compute a footprint may differ by; a pixel of the scenes has 0.009 and more.
_POSITION: Final = 1e-3
#: Longest side of a quicklook.
_QUICKLOOK: Final = 512
_THUMBNAIL: Final = "thumbnail"

Item = Mapping[str, Any]
#: Its name, what is expected and what was found.
Fact = tuple[str, object, object]


class Mismatch(Exception):
    """A result says something else than the file it was made of."""


def check(*, item: Item, delivery: Delivery) -> int:
    """Check a STAC item against the delivered archive; return how many facts were compared.

    Raises:
        Mismatch: a fact is wrong; names the fact, what was expected and what was found.
    """
    return compare(_facts(item, delivery))


def compare(facts: Iterable[Fact]) -> int:
    """Compare facts; return how many there are.

    Raises:
        Mismatch: one is wrong; names the fact, what was expected and what was found.
    """
    count = 0
    for name, expected, found in facts:
        count += 1
        if expected != found:
            raise Mismatch(f"{name}: expected {expected!r}, found {found!r}")
    return count


def quicklook_of(item: Item) -> Path:
    """Return the quicklook's file."""
    return _local(item["assets"][_THUMBNAIL])


def multihash(file: Path) -> str:
    """Return the SHA-256 of a file, as STAC's `file:checksum` writes it."""
    return _SHA256 + sha256_of(file)


def sha256_of(file: Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _facts(item: Item, delivery: Delivery) -> Iterator[Fact]:
    yield from _files(item, delivery)
    describe = _READERS[delivery.original.suffix]
    yield from describe(item, delivery.original)


def _files(item: Item, delivery: Delivery) -> Iterator[Fact]:
    """Every delivered file is there, byte for byte, and the item says so."""
    assets = {name.rpartition("/")[2]: asset for name, asset in item["assets"].items() if name != _THUMBNAIL}
    yield "files", sorted(delivery.digests), sorted(assets)
    for name, digest in delivery.digests.items():
        yield f"content of {name}", _SHA256 + digest, multihash(_local(assets[name]))
        yield f"checksum of {name}", _SHA256 + digest, assets[name]["file:checksum"]


def _geotiff(item: Item, original: Path) -> Iterator[Fact]:
    asset = _asset(item, original)
    with rasterio.open(original) as scene:
        bounds = rasterio.warp.transform_bounds(scene.crs, "EPSG:4326", *scene.bounds, densify_pts=100)
        bands = scene.read(masked=True)
        yield "shape", list(scene.shape), asset["proj:shape"]
        yield "reference system", scene.crs.to_string(), asset["proj:code"]
        yield "transform", list(scene.transform), asset["proj:transform"]
        ranges = [
            (band["statistics"]["minimum"], band["statistics"]["maximum"]) for band in asset["raster:bands"]
        ]
        yield "range of each band", [(float(band.min()), float(band.max())) for band in bands], ranges
        yield from _footprint(item, bounds)
        yield from _quicklook(item, *scene.shape)


def _netcdf(item: Item, original: Path) -> Iterator[Fact]:
    asset = _asset(item, original)
    with h5netcdf.File(original, "r") as cube:
        sizes = {name: dimension.size for name, dimension in cube.dimensions.items()}
        times, west_east, south_north = (np.asarray(cube[name]) for name in ("time", "lon", "lat"))
        unit, _, origin = cube["time"].attrs["units"].partition(" since ")
    found = {name: dimension["regards:size"] for name, dimension in asset["cube:dimensions"].items()}
    yield "dimensions", sizes, found
    start = datetime.fromisoformat(origin).replace(tzinfo=UTC)
    properties = item["properties"]
    for name, value in (("start_datetime", times.min()), ("end_datetime", times.max())):
        expected = start + timedelta(**{unit: float(value)})
        yield name, expected, datetime.fromisoformat(properties[name])
    west, east = _edges(west_east)
    south, north = _edges(south_north)
    yield from _footprint(item, (_wrapped(west), south, _wrapped(east), north))
    yield from _quicklook(item, south_north.size, west_east.size)


def _footprint(item: Item, expected: Sequence[float]) -> Iterator[Fact]:
    """The box is where it should be, and the polygon fills it."""
    points = np.asarray(item["geometry"]["coordinates"][0])
    polygon = np.concatenate((points.min(axis=0), points.max(axis=0)))
    for name, box in (("box", item["bbox"]), ("polygon", list(polygon))):
        off = max(abs(one - other) for one, other in zip(expected, box, strict=True))
        yield f"{name} of the footprint within {_POSITION} degrees", True, bool(off <= _POSITION)


def _quicklook(item: Item, height: int, width: int) -> Iterator[Fact]:
    """The picture opens, has the scene's proportions, and shows something."""
    asset = item["assets"][_THUMBNAIL]
    file = _local(asset)
    yield "checksum of the quicklook", multihash(file), asset["file:checksum"]
    scale = min(1.0, _QUICKLOOK / max(height, width))
    with Image.open(file) as picture:
        picture.load()
        off = max(abs(picture.width - width * scale), abs(picture.height - height * scale))
        yield "format of the quicklook", "PNG", picture.format
        yield f"size of the quicklook, {picture.size} for {(width, height)}, fits", True, off <= 1
        pixels = np.asarray(picture.convert("RGB"))
        yield "quicklook shows something", True, bool(pixels.min() < pixels.max())


def _asset(item: Item, original: Path) -> Mapping[str, Any]:
    found: Mapping[str, Any] = next(
        asset for name, asset in item["assets"].items() if name.rpartition("/")[2] == original.name
    )
    return found


def _edges(centres: Any) -> tuple[float, float]:
    """Return the outer edges of evenly spaced cells."""
    half = abs(float(centres[1]) - float(centres[0])) / 2
    return float(centres.min()) - half, float(centres.max()) + half


def _wrapped(longitude: float) -> float:
    return (longitude + 180) % 360 - 180


def _local(asset: Mapping[str, Any]) -> Path:
    return Path(unquote(urlsplit(asset["href"]).path))


_READERS: Final[Mapping[str, Callable[[Item, Path], Iterator[Fact]]]] = {".tif": _geotiff, ".nc": _netcdf}
