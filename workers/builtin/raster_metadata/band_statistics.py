"""Statistics of the bands of a raster, at a bounded cost."""

import math
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from rasterio.windows import Window

from workers.builtin.geotiff_files import pixel_type, valid_pixels

#: Pixels per band that are looked at; of larger bands, this many or a little more.
SAMPLE_PIXELS: Final = 4_000_000
#: Bands whose statistics are computed; the others are only listed.
MAX_BANDS: Final = 64
#: Blocks looked at even when they are large, and when they are small.
_FEWEST_BLOCKS: Final = 16
_MOST_BLOCKS: Final = 4096
#: Pixels of an overview that are decoded at most; of a larger one, blocks of the raster are looked at.
_DECODED_PIXELS: Final = 16 * SAMPLE_PIXELS
#: Decoded bytes read at once.
_BATCH_BYTES: Final = 128 * 1024 * 1024
#: Pixels that are reckoned with at once: as floats they may take eight times the memory.
_PIECE: Final = 1_000_000


def band_statistics(dataset: Any) -> tuple[dict[int, dict[str, float]], str]:
    """Return the statistics of each band, as STAC names them, and what they cover.

    Small rasters are read whole. Of large ones an overview of a suitable size is read, or evenly spread
    blocks when the file has no overviews: a shrunken read would decode all of it.
    """
    bands = [
        index for index in dataset.indexes[:MAX_BANDS] if not dataset.dtypes[index - 1].startswith("complex")
    ]
    sums = {index: _Sums() for index in bands}
    pixels = dataset.width * dataset.height
    if pixels <= SAMPLE_PIXELS:
        scope, reads = "all pixels", [{"window": Window(0, 0, dataset.width, dataset.height)}]
    elif bands and _has_small_overview(dataset, bands[0]):
        scale = math.sqrt(SAMPLE_PIXELS / pixels)
        sides = max(1, int(dataset.height * scale)), max(1, int(dataset.width * scale))
        scope, reads = f"overview of {sides[1]} x {sides[0]} pixels", [{"sides": sides}]
    else:
        reads = [{"window": window} for window in _spread_windows(dataset)]
        scope = f"{len(reads)} blocks spread over the raster"
    for group in _groups(dataset, bands):
        for how in reads:
            _add(dataset, group, how, sums)
    return {index: each.result() for index, each in sums.items()}, scope


def _has_small_overview(dataset: Any, band: int) -> bool:
    factors = dataset.overviews(band)
    pixels = dataset.width * dataset.height
    used = max((each for each in factors if each**2 <= pixels / SAMPLE_PIXELS), default=1)
    return bool(factors) and pixels / used**2 <= _DECODED_PIXELS


class _Sums:
    """Running sums of one band."""

    def __init__(self) -> None:
        self.seen = self.count = 0
        self.mean = self.squares = 0.0
        self.minimum, self.maximum = math.inf, -math.inf

    def add(self, values: Any, *, seen: int) -> None:
        """Merge a batch, by its own mean so that no digits are lost."""
        self.seen += seen
        if not values.size:
            return
        mean = float(values.mean())
        delta = mean - self.mean
        total = self.count + values.size
        # Not by a power: Python's floats refuse to be too large.
        between = delta * delta * self.count * values.size / total
        self.squares += float(((values - mean) ** 2).sum()) + between
        self.mean += delta * values.size / total
        self.count = total
        self.minimum = min(self.minimum, float(values.min()))
        self.maximum = max(self.maximum, float(values.max()))

    def result(self) -> dict[str, float]:
        share = {"valid_percent": round(100 * self.count / self.seen, 6) if self.seen else 0.0}
        if not self.count:
            return share
        told = {
            "minimum": self.minimum,
            "maximum": self.maximum,
            "mean": self.mean,
            "stddev": math.sqrt(self.squares / self.count),
        }
        # The squares of very large numbers are none.
        return {name: value for name, value in told.items() if math.isfinite(value)} | share


def _add(dataset: Any, bands: list[int], how: dict[str, Any], sums: dict[int, _Sums]) -> None:
    where = {"out_shape": (len(bands), *how["sides"])} if "sides" in how else how
    planes = dataset.read(bands, **where)
    valid = valid_pixels(dataset, bands, planes, **where)
    for index, plane, mask in zip(
        bands, planes.reshape(len(bands), -1), valid.reshape(len(bands), -1), strict=True
    ):
        for start in range(0, mask.size, _PIECE):
            piece, kept = plane[start : start + _PIECE], mask[start : start + _PIECE]
            with np.errstate(over="ignore", invalid="ignore"):
                sums[index].add(piece[kept].astype(np.float64), seen=kept.size)


def _groups(dataset: Any, bands: list[int]) -> Iterator[list[int]]:
    """Read as many bands together as memory allows: interleaved ones share their blocks."""
    rows, columns = dataset.block_shapes[0]
    pixels = min(max(SAMPLE_PIXELS, rows * columns), dataset.width * dataset.height)
    widest = max((pixel_type(dataset.dtypes[index - 1]).itemsize for index in bands), default=1)
    size = max(1, _BATCH_BYTES // (pixels * widest))
    for start in range(0, len(bands), size):
        yield bands[start : start + size]


def _spread_windows(dataset: Any) -> list[Window]:
    rows, columns = dataset.block_shapes[0]
    down, across = math.ceil(dataset.height / rows), math.ceil(dataset.width / columns)
    wanted = min(max(_FEWEST_BLOCKS, SAMPLE_PIXELS // (rows * columns)), _MOST_BLOCKS)
    chosen = np.unique(np.linspace(0, down * across - 1, min(wanted, down * across)).astype(np.int64))
    return [
        Window(
            column * columns,
            row * rows,
            min(columns, dataset.width - column * columns),
            min(rows, dataset.height - row * rows),
        )
        for row, column in (divmod(int(number), across) for number in chosen)
    ]
