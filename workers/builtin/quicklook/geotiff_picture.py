"""A small picture of a GeoTIFF."""

from pathlib import Path
from typing import Any, Final

import numpy as np
from rasterio.enums import ColorInterp, Resampling
from rasterio.windows import Window

from workers.builtin.geotiff_files import open_geotiff, valid_pixels
from workers.builtin.quicklook.picture_size import fitted
from workers.builtin.quicklook.stretch import Bytes, stretched, with_alpha
from workers.sdk import InvalidContent

_RGB: Final = (ColorInterp.red, ColorInterp.green, ColorInterp.blue)


def geotiff_picture(path: Path, *, name: str) -> Bytes:
    """Return rows, columns and red, green, blue, alpha, read at the size of the picture.

    Raises:
        InvalidContent: the file is damaged or too large.
    """
    with open_geotiff(path, name=name) as dataset:
        return picture_of(dataset, name=name)


def picture_of(
    dataset: Any, *, name: str, bands: list[int] | None = None, window: Window | None = None
) -> Bytes:
    """Return the picture of an opened scene, or of a part of it: of its colours, or of one or three bands.

    Raises:
        InvalidContent: there is nothing to show.
    """
    shown = bands or _bands(dataset)
    part = Window(0, 0, dataset.width, dataset.height) if window is None else window
    sides = fitted(height=part.height, width=part.width)
    where = {"out_shape": (len(shown), *sides), "resampling": Resampling.nearest, "window": part}
    values = dataset.read(shown, **where)
    valid = np.asarray(valid_pixels(dataset, shown, values, **where).any(axis=0))
    if not valid.any():
        raise InvalidContent(f"{name} has no valid pixel to show")
    palette = _palette(dataset, shown)
    if palette is not None:
        return with_alpha(palette[np.clip(values[0].astype(np.intp), 0, len(palette) - 1)], valid=valid)
    magnitudes = np.abs(values) if np.iscomplexobj(values) else values
    levels = [stretched(band.astype(np.float64), valid=valid) for band in magnitudes]
    if dataset.tags(ns="IMAGE_STRUCTURE").get("MINISWHITE") == "YES":
        levels = [255 - level for level in levels]
    return with_alpha(np.dstack(levels * (3 // len(levels))), valid=valid)


def _bands(dataset: Any) -> list[int]:
    """Return red, green and blue where the file names them, else its first three bands, else the first."""
    meanings = dataset.colorinterp
    if all(colour in meanings for colour in _RGB):
        return [meanings.index(colour) + 1 for colour in _RGB]
    usable = [index for index, meaning in enumerate(meanings, 1) if meaning is not ColorInterp.alpha]
    return usable[:3] if len(usable) >= 3 else usable[:1] or [1]  # noqa: PLR2004


def _palette(dataset: Any, bands: list[int]) -> Bytes | None:
    if len(bands) > 1 or dataset.colorinterp[bands[0] - 1] is not ColorInterp.palette:
        return None
    colours = dataset.colormap(bands[0])
    table = np.zeros((max(colours) + 1, 3), np.uint8)
    for index, colour in colours.items():
        table[index] = colour[:3]
    return table
