"""Opening GeoTIFF files from strangers with GDAL."""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np
import rasterio
from rasterio._err import CPLE_BaseError
from rasterio.enums import Interleaving, MaskFlags
from rasterio.errors import NotGeoreferencedWarning, RasterioError

from workers.builtin.environment import positive_integer
from workers.sdk import InvalidContent

#: Pixels of one band, unless ``RASTER_MAX_PIXELS`` says otherwise.
MAX_PIXELS: Final = 10**10
MAX_BANDS: Final = 1000
#: Decoded bytes of one block: GDAL holds at least one in memory.
MAX_BLOCK_BYTES: Final = 512 * 1024 * 1024
_GDAL: Final[dict[str, Any]] = {
    # Only the file itself is read: no neighbours, side-car files or remote lookups.
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
    "GDAL_PAM_ENABLED": "NO",
    "GDAL_GEOREF_SOURCES": "INTERNAL",
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": "none",
    "GDAL_HTTP_MAX_RETRY": "0",
    "PROJ_NETWORK": "OFF",
    # Megabytes; the default is 5 % of the machine, for each of the fleet's processes. A whole row of blocks
    # must fit, or shrinking a large scene decodes each block again and again.
    "GDAL_CACHEMAX": 256,
}


@contextmanager
def open_geotiff(path: Path, *, name: str) -> Iterator[Any]:
    """Yield a dataset opened for reading with GDAL's GeoTIFF driver only.

    What goes wrong while it is read inside the block is reported in the same way.

    Raises:
        InvalidContent: the file is damaged or too large; the message names ``name``.
    """
    try:
        with rasterio.Env(**_GDAL), warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            # A Path, not a text: GDAL gives texts such as "zip://" a meaning.
            with rasterio.open(path, driver="GTiff") as dataset:
                _check_size(dataset, name=name)
                yield dataset
    except (RasterioError, CPLE_BaseError, ValueError, MemoryError) as error:
        raise InvalidContent(f"{name} is not a readable GeoTIFF: {_cause(error)}") from error


def valid_pixels(dataset: Any, bands: list[int], values: Any, **where: Any) -> Any:
    """Return where ``values``, read from ``bands`` with the arguments ``where``, are measurements."""
    valid = np.isfinite(values)
    flags = [dataset.mask_flag_enums[band - 1] for band in bands]
    if any(flag not in ([MaskFlags.nodata], [MaskFlags.all_valid]) for flag in flags):
        valid &= dataset.read_masks(bands, **where) > 0
        return valid
    # Asking GDAL for these masks would decode every block a second time.
    for plane, kept, band in zip(values, valid, bands, strict=True):
        nodata = dataset.nodatavals[band - 1]
        if nodata is not None and (plane.dtype.kind not in "iu" or float(nodata).is_integer()):
            np.logical_and(kept, plane != _as_stored(nodata, plane.dtype), out=kept)
    return valid


def pixel_type(kind: str) -> np.dtype[Any]:
    """Return the type that pixels are read as; numpy has none for complex integers."""
    return np.dtype("complex64" if kind == "complex_int16" else kind)


def _as_stored(nodata: float, kind: np.dtype[Any]) -> Any:
    if kind.kind != "f":
        return nodata
    with np.errstate(over="ignore"):
        return np.asarray(nodata).astype(kind)


def _check_size(dataset: Any, *, name: str) -> None:
    allowed = positive_integer(os.environ, "RASTER_MAX_PIXELS", default=MAX_PIXELS)
    pixels = dataset.width * dataset.height
    if pixels > allowed:
        raise InvalidContent(
            f"{name} has {pixels} pixels per band, {allowed} are allowed (RASTER_MAX_PIXELS)"
        )
    if dataset.count > MAX_BANDS:
        raise InvalidContent(f"{name} has {dataset.count} bands, {MAX_BANDS} are allowed")
    rows, columns = dataset.block_shapes[0]
    sizes = [pixel_type(kind).itemsize for kind in dataset.dtypes]
    # Interleaved bands share a block.
    shared = max(sizes) if dataset.interleaving is Interleaving.band else sum(sizes)
    block_bytes = rows * columns * shared
    if block_bytes > MAX_BLOCK_BYTES:
        raise InvalidContent(f"{name} has blocks of {columns} x {rows} pixels, too large to read")


def _cause(error: BaseException) -> str:
    """Return GDAL's own words, which rasterio keeps as the cause of a bland error."""
    cause = error.__cause__ or error
    return str(cause) or type(cause).__name__
