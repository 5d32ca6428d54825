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
from rasterio.enums import MaskFlags
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
    finite = np.isfinite(values)
    flags = [dataset.mask_flag_enums[band - 1] for band in bands]
    if any(flag not in ([MaskFlags.nodata], [MaskFlags.all_valid]) for flag in flags):
        return finite & (dataset.read_masks(bands, **where) > 0)
    # Asking GDAL for these masks would decode every block a second time.
    missing = [dataset.nodatavals[band - 1] for band in bands]
    differs = [_differs(plane, nodata) for plane, nodata in zip(values, missing, strict=True)]
    return finite & np.stack(differs)


def _differs(values: Any, nodata: float | None) -> Any:
    if nodata is None or (values.dtype.kind in "iu" and not float(nodata).is_integer()):
        return np.ones(values.shape, np.bool_)
    return values != (np.asarray(nodata).astype(values.dtype) if values.dtype.kind == "f" else nodata)


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
    # Interleaved bands share a block.
    block_bytes = rows * columns * sum(np.dtype(kind).itemsize for kind in dataset.dtypes)
    if block_bytes > MAX_BLOCK_BYTES:
        raise InvalidContent(f"{name} has blocks of {columns} x {rows} pixels, too large to read")


def _cause(error: BaseException) -> str:
    """Return GDAL's own words, which rasterio keeps as the cause of a bland error."""
    cause = error.__cause__ or error
    return str(cause) or type(cause).__name__
