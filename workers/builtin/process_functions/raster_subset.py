"""Cuts GeoTIFFs, or draws them."""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any, Final

import numpy as np
import rasterio
from rasterio.control import GroundControlPoint
from rasterio.enums import ColorInterp, MaskFlags
from rasterio.windows import Window

from workers.builtin.geotiff_files import open_geotiff, pixel_type
from workers.builtin.process_functions.scene_window import pixels_of_box, pixels_of_window
from workers.builtin.quicklook.geotiff_picture import picture_of
from workers.builtin.quicklook.picture_file import as_png
from workers.processes.function_call import FunctionCall
from workers.processes.job import ProcessFailed
from workers.processes.raster_subset import OutputFormat, SubsetParameters
from workers.sdk import InvalidContent

#: How TIFF files begin: both orders of bytes, classic and BigTIFF.
_SIGNATURES: Final = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
#: Bytes that are read from a scene at once.
_MOST_BYTES: Final = 64 * 1024 * 1024
_TILE: Final = 256
_SUFFIXES: Final = {OutputFormat.GEOTIFF: ".tif", OutputFormat.PNG: ".png"}


def subset(call: FunctionCall, parameters: SubsetParameters) -> None:
    """Cut or draw each GeoTIFF of an execution.

    Raises:
        ProcessFailed: there is none, one cannot be read, or has nothing of what is asked for.
    """
    scenes = [path for path in call.files() if _is_tiff(call.inputs / path)]
    if not scenes:
        raise ProcessFailed("There is no GeoTIFF among the input files")
    for number, name in enumerate(scenes, 1):
        target = call.new_output(name.with_suffix(_SUFFIXES[parameters.output_format]))
        try:
            size = _make(call.inputs / name, target, parameters, name)
        except InvalidContent as error:
            raise ProcessFailed(error.message) from error
        print(f"{number} of {len(scenes)}: {name}, {size}")  # noqa: T201 (it is the log)


def _is_tiff(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) in _SIGNATURES


def _make(scene: Path, target: Path, parameters: SubsetParameters, name: PurePosixPath) -> str:
    """Make one output file; return the size of the part in words."""
    with open_geotiff(scene, name=str(name)) as dataset:
        window = _window(dataset, parameters, str(name))
        bands = _bands(dataset, parameters, str(name))
        if parameters.output_format is OutputFormat.PNG:
            pixels = picture_of(dataset, name=str(name), bands=bands or None, window=window)
            target.write_bytes(as_png(pixels))
        else:
            _cut(dataset, bands or list(dataset.indexes), window, target)
        return f"{window.width} x {window.height} pixels of {dataset.width} x {dataset.height}"


def _window(dataset: Any, parameters: SubsetParameters, name: str) -> Window:
    if parameters.box:
        return pixels_of_box(dataset, parameters.box, crs=parameters.crs, name=name)
    if parameters.window:
        return pixels_of_window(dataset, parameters.window, name=name)
    return Window(0, 0, dataset.width, dataset.height)


def _bands(dataset: Any, parameters: SubsetParameters, name: str) -> list[int]:
    """Return the chosen bands; none when nobody has chosen."""
    chosen = parameters.band_numbers
    missing = [band for band in chosen if band > dataset.count]
    if missing:
        raise ProcessFailed(f"{name} has {dataset.count} bands, there is no band {missing[0]}")
    return chosen


def _cut(dataset: Any, bands: list[int], window: Window, target: Path) -> None:
    """Write the pixels of a window as they are, strip by strip: scenes are larger than memory."""
    has_mask = _has_mask(dataset)
    profile = _profile(dataset, bands, window)
    with (
        rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True),
        rasterio.open(target, "w", **profile) as made,
    ):
        _describe(dataset, bands, made)
        _place(dataset, window, made)
        for there, here in _strips(window, len(bands) * pixel_type(profile["dtype"]).itemsize):
            made.write(dataset.read(bands, window=there), window=here)
            if has_mask:
                made.write_mask(dataset.dataset_mask(window=there), window=here)


def _profile(dataset: Any, bands: list[int], window: Window) -> dict[str, Any]:
    kinds = {dataset.dtypes[band - 1] for band in bands}
    kind = np.result_type(*(pixel_type(each) for each in kinds))
    tiled = window.width >= _TILE and window.height >= _TILE
    return {
        "driver": "GTiff",
        "width": window.width,
        "height": window.height,
        "count": len(bands),
        "dtype": kinds.pop() if len(kinds) == 1 else kind.name,
        "crs": dataset.crs,
        # Control points and polynomials have their own: see `_place`.
        "transform": dataset.transform if dataset.transform.is_identity else dataset.window_transform(window),
        "nodata": dataset.nodatavals[bands[0] - 1],
        "compress": "deflate",
        "predictor": {"f": 3, "c": 1}.get(kind.kind, 2),
        "interleave": "pixel",
        "bigtiff": "if_safer",
    } | ({"tiled": True, "blockxsize": _TILE, "blockysize": _TILE} if tiled else {})


def _describe(dataset: Any, bands: list[int], made: Any) -> None:
    """Keep what the scene says of itself and of its bands."""
    made.update_tags(**{name: value for name, value in dataset.tags().items() if name != "AREA_OR_POINT"})
    for name in ("colorinterp", "scales", "offsets"):
        setattr(made, name, [getattr(dataset, name)[band - 1] for band in bands])
    made.units = [dataset.units[band - 1] or "" for band in bands]
    for position, band in enumerate(bands, 1):
        made.set_band_description(position, dataset.descriptions[band - 1] or "")
        made.update_tags(position, **_lasting(dataset.tags(band)))
    if dataset.colorinterp[bands[0] - 1] is ColorInterp.palette:
        made.write_colormap(1, dataset.colormap(bands[0]))


def _place(dataset: Any, window: Window, made: Any) -> None:
    """Keep the position of a scene that has control points or polynomials: they count its pixels."""
    points, crs = dataset.gcps
    if points:
        moved = [
            GroundControlPoint(
                row=point.row - window.row_off,
                col=point.col - window.col_off,
                x=point.x,
                y=point.y,
                z=point.z,
            )
            for point in points
        ]
        made.gcps = (moved, crs)
    polynomials = dataset.rpcs
    if polynomials:
        polynomials.line_off -= window.row_off
        polynomials.samp_off -= window.col_off
        made.rpcs = polynomials


def _lasting(tags: dict[str, str]) -> dict[str, str]:
    """Leave out the statistics: a part has others."""
    return {name: value for name, value in tags.items() if not name.startswith("STATISTICS_")}


def _has_mask(dataset: Any) -> bool:
    return any(flags == [MaskFlags.per_dataset] for flags in dataset.mask_flag_enums)


def _strips(window: Window, pixel_bytes: int) -> Iterator[tuple[Window, Window]]:
    """Yield where to read and where to write, whole tiles high."""
    rows = max(1, _MOST_BYTES // (pixel_bytes * window.width) // _TILE) * _TILE
    for first in range(0, window.height, rows):
        height = min(rows, window.height - first)
        yield (
            Window(window.col_off, window.row_off + first, window.width, height),
            Window(0, first, window.width, height),
        )
