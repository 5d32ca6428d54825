"""Writing a cloud-optimised GeoTIFF, and making sure that it is one and says the same."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import rasterio.shutil
from rasterio.enums import MaskFlags

from workers.builtin.geotiff_files import open_geotiff


class NotTheSame(Exception):
    """The file that was written is not cloud-optimised, or says something else: a fault of ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CogOptions:
    """How a file is written; every compression keeps each value."""

    compression: str
    #: Pixels of a side of a tile.
    block_size: int
    #: How overviews are made.
    resampling: str

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> Self:
        """Read the options of a body; the schema has seen them."""
        return cls(
            compression=content.get("compression", "DEFLATE"),
            block_size=content.get("blockSize", 512),
            resampling=content.get("overviewResampling", "NEAREST"),
        )


#: What must not change.
_KEPT: Final = (
    "count",
    "shape",
    "dtypes",
    "crs",
    "colorinterp",
    "descriptions",
    "units",
    "scales",
    "offsets",
)


def write_cog(source: Path, *, target: Path, options: CogOptions, name: str) -> None:
    """Write a file anew as a cloud-optimised GeoTIFF.

    Raises:
        InvalidContent: the source is damaged or too large.
    """
    with open_geotiff(source, name=name) as dataset:
        rasterio.shutil.copy(
            dataset,
            target,
            driver="COG",
            strict=False,
            COMPRESS=options.compression,
            BLOCKSIZE=options.block_size,
            OVERVIEW_RESAMPLING=options.resampling,
            OVERVIEWS="IGNORE_EXISTING",
            PREDICTOR=_predictor(dataset),
            BIGTIFF="IF_SAFER",
        )


def check_cog(source: Path, *, written: Path, options: CogOptions, name: str) -> None:
    """Compare what was written with the source, every pixel of it.

    Raises:
        InvalidContent: the source is damaged.
        NotTheSame: something is missing or differs.
    """
    with open_geotiff(source, name=name) as before, open_geotiff(written, name=name) as after:
        faults = [*_faults_of_form(after, options), *_differences(before, after)]
    if faults:
        raise NotTheSame(f"{name}: {'; '.join(faults)}")


def _predictor(dataset: Any) -> str:
    """Return whether differences of neighbours are stored: libtiff has none of bits and complex numbers."""
    packed = any("NBITS" in dataset.tags(index, ns="IMAGE_STRUCTURE") for index in dataset.indexes)
    return "NO" if packed or any("complex" in kind for kind in dataset.dtypes) else "YES"


def _faults_of_form(after: Any, options: CogOptions) -> Iterator[str]:
    if after.tags(ns="IMAGE_STRUCTURE").get("LAYOUT") != "COG":
        yield "the layout is not that of a COG"
    if any(shape != (options.block_size, options.block_size) for shape in after.block_shapes):
        yield f"the tiles have {after.block_shapes[0]} pixels"
    if max(after.shape) > options.block_size and not all(after.overviews(index) for index in after.indexes):
        yield "there are no overviews"


def _differences(before: Any, after: Any) -> Iterator[str]:
    for what in _KEPT:
        if getattr(before, what) != getattr(after, what):
            yield f"{what} was {getattr(before, what)}, is {getattr(after, what)}"
    if not _same_numbers(tuple(before.transform), tuple(after.transform)):
        yield "the position differs"
    if len(before.gcps[0]) != len(after.gcps[0]):
        yield "the ground control points differ"
    if not all(_same_nodata(*pair) for pair in zip(before.nodatavals, after.nodatavals, strict=False)):
        yield f"nodata was {before.nodatavals}, is {after.nodatavals}"
    yield from _differences_of_pixels(before, after)


def _differences_of_pixels(before: Any, after: Any) -> Iterator[str]:
    if before.shape != after.shape:
        return
    for index in before.indexes:
        if index <= after.count and not _same_pixels(before, after, index):
            yield f"the pixels of band {index} differ"
    if _has_mask(before) and not _same_mask(before, after):
        yield "the mask differs"


def _same_numbers(first: tuple[float, ...], second: tuple[float, ...]) -> bool:
    return all(math.isclose(*pair, rel_tol=1e-12, abs_tol=1e-12) for pair in zip(first, second, strict=True))


def _same_nodata(first: float | None, second: float | None) -> bool:
    if first is None or second is None:
        return first is second
    return first == second or (math.isnan(first) and math.isnan(second))


def _same_pixels(before: Any, after: Any, index: int) -> bool:
    # Not by GDAL's checksum: it has 16 bits, and floats are rounded for it.
    return all(
        np.array_equal(before.read(index, window=window), after.read(index, window=window), equal_nan=True)
        for _, window in after.block_windows(index)
    )


def _has_mask(dataset: Any) -> bool:
    flags = dataset.mask_flag_enums[0]
    return MaskFlags.per_dataset in flags and MaskFlags.alpha not in flags


def _same_mask(before: Any, after: Any) -> bool:
    return all(
        np.array_equal(before.read_masks(1, window=window), after.read_masks(1, window=window))
        for _, window in after.block_windows(1)
    )
