"""Which pixels of a scene a bounding box or a window of pixels is about."""

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from rasterio._err import CPLE_BaseError
from rasterio.crs import CRS
from rasterio.errors import CRSError
from rasterio.warp import transform, transform_bounds
from rasterio.windows import Window

from workers.processes.job import ProcessFailed

#: Points on each side of a box: in other coordinates its sides are curves.
_POINTS: Final = 21


def pixels_of_box(dataset: Any, box: Sequence[float], *, crs: str, name: str) -> Window:
    """Return the smallest window of whole pixels that holds what a scene has of a box.

    Args:
        dataset: the opened scene.
        box: west, south, east, north.
        crs: the coordinate system of the box.
        name: what the scene is called in errors.

    Raises:
        ProcessFailed: the scene has no coordinates, the system is unknown, or the box lies outside.
    """
    if dataset.crs is None:
        raise ProcessFailed(f"{name} has no coordinate system: it can be cut to a pixelWindow only")
    west, south, east, north = box
    along, up = np.linspace(west, east, _POINTS), np.linspace(south, north, _POINTS)
    xs = [*along, *along, *([west] * _POINTS), *([east] * _POINTS)]
    ys = [*([south] * _POINTS), *([north] * _POINTS), *up, *up]
    try:
        there = transform(crs, dataset.crs, xs, ys)
    except (CRSError, CPLE_BaseError) as error:
        raise ProcessFailed(f"boundingBoxCrs {crs} cannot be used for {name}: {error}") from None
    found = [_holding(dataset, np.array(there[0]) + turn, np.array(there[1])) for turn in _turns(dataset.crs)]
    parts = [part for part in found if part]
    if not parts:
        raise _outside(dataset, f"box {_listed(box)}", crs=crs, name=name)
    # A box over the border of a grid that goes around the Earth has two parts; one file holds the larger.
    return max(parts, key=lambda part: part.width * part.height)


def pixels_of_window(dataset: Any, window: Sequence[int], *, name: str) -> Window:
    """Return what a scene has of a window: column, row, width, height.

    Raises:
        ProcessFailed: it has nothing of it.
    """
    column, row, width, height = window
    found = _inside(dataset, column, row, column + width, row + height)
    if found is None:
        raise ProcessFailed(
            f"{name}: the window {_listed(window)} lies outside of the scene, "
            f"which has {dataset.width} columns and {dataset.height} rows"
        )
    return found


def _turns(crs: CRS) -> tuple[float, ...]:
    """Return what may be added to longitudes: some grids count them from 0 to 360."""
    if not crs.is_geographic:
        return (0.0,)
    turn = 2 * math.pi / crs.units_factor[1]
    return 0.0, turn, -turn


def _holding(dataset: Any, xs: Any, ys: Any) -> Window | None:
    columns, rows = _pixels(dataset, xs, ys)
    known = np.isfinite(columns) & np.isfinite(rows)
    columns, rows = columns[known], rows[known]
    return _inside(dataset, columns.min(), rows.min(), columns.max(), rows.max()) if known.any() else None


def _pixels(dataset: Any, xs: Any, ys: Any) -> tuple[Any, Any]:
    """Return columns and rows of coordinates, also where a scene is turned."""
    back = ~dataset.transform
    return back.a * xs + back.b * ys + back.c, back.d * xs + back.e * ys + back.f


def _inside(dataset: Any, left: float, top: float, right: float, bottom: float) -> Window | None:
    # What differs from a border by less than a thousandth of a pixel is that border.
    first_column, first_row = max(0, math.floor(left + 1e-3)), max(0, math.floor(top + 1e-3))
    last_column = min(dataset.width, math.ceil(right - 1e-3))
    last_row = min(dataset.height, math.ceil(bottom - 1e-3))
    if first_column >= last_column or first_row >= last_row:
        return None
    return Window(first_column, first_row, last_column - first_column, last_row - first_row)


def _outside(dataset: Any, what: str, *, crs: str, name: str) -> ProcessFailed:
    bounds = transform_bounds(dataset.crs, crs, *dataset.bounds)
    return ProcessFailed(
        f"{name}: the {what} lies outside of the scene, which spans {_listed(bounds)} in {crs}"
    )


def _listed(numbers: Sequence[float]) -> str:
    return ", ".join(f"{number:.10g}" for number in numbers)
