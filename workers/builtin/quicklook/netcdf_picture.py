"""A small picture of the first variable of a netCDF-4 file."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from workers.builtin.netcdf_files import attribute, is_numeric, open_netcdf, read_values
from workers.builtin.quicklook.picture_size import MAX_SIDE
from workers.builtin.quicklook.stretch import Bytes, coloured, stretched, with_alpha
from workers.builtin.raster_metadata.cf_grid import is_axis
from workers.sdk import InvalidContent

_PLANE: Final = 2
#: Attributes that name variables which are there for the sake of others.
_HELPERS: Final = ("bounds", "coordinates", "climatology", "ancillary_variables", "cell_measures")
#: Kinds of coordinates that run down a picture, and across it.
_DOWN: Final = ("latitude", "projection_y_coordinate")
_ACROSS: Final = ("longitude", "projection_x_coordinate")

Variables = Mapping[str, Any]


def netcdf_picture(path: Path, *, name: str) -> tuple[Bytes, str]:
    """Return rows, columns and red, green, blue, alpha, and the path of the variable that is shown.

    Raises:
        InvalidContent: the file is damaged, or no variable has two dimensions.
    """
    with open_netcdf(path, name=name) as variables:
        shown = _first_plane(variables, name=name)
        variable = variables[shown]
        down, across = _plane_of(variables, shown)
        values = read_values(variable, _key(variable.shape, (down, across)))
        if down > across:
            values = values.T
        if _first_value_is_south(variables, shown, axis=down):
            values = values[::-1]
        valid = np.isfinite(values)
        if not valid.any():
            raise InvalidContent(f"{name} has no value of {shown} to show in its first slice")
        return with_alpha(coloured(stretched(values, valid=valid)), valid=valid), shown


def _first_plane(variables: Variables, *, name: str) -> str:
    """Return the first variable with a plane that is no coordinate and there for its own sake."""
    helpers = {
        word
        for path, variable in variables.items()
        for attribute_name in _HELPERS
        for word in (attribute(variable, attribute_name).split() if path else ())
    }
    for path, variable in variables.items():
        is_data = path and len(variable.shape) >= _PLANE and is_numeric(variable)
        if (
            is_data
            and math.prod(variable.shape)
            and min(variable.shape[axis] for axis in _plane_of(variables, path)) > 1
            and path.rsplit("/", 1)[-1] not in helpers
            and not _is_one_of(variable, (*_DOWN, *_ACROSS))
        ):
            return path
    raise InvalidContent(f"{name} has no variable with two dimensions to show")


def _plane_of(variables: Variables, shown: str) -> tuple[int, int]:
    """Return which dimension runs down, and which across: by their coordinates, else the last two."""
    count = len(variables[shown].shape)
    coordinates = [_coordinate(variables, shown, axis=axis) for axis in range(count)]
    down, across = (
        [axis for axis, found in enumerate(coordinates) if found is not None and _is_one_of(found, kinds)]
        for kinds in (_DOWN, _ACROSS)
    )
    return (down[0], across[0]) if down and across else (count - 2, count - 1)


def _key(shape: tuple[int, ...], plane: tuple[int, int]) -> tuple[int | slice, ...]:
    """Return the first slice of the other dimensions, and steps that keep the plane small."""
    step = max(1, math.ceil(max(shape[axis] for axis in plane) / MAX_SIDE))
    return tuple(slice(None, None, step) if axis in plane else 0 for axis in range(len(shape)))


def _coordinate(variables: Variables, shown: str, *, axis: int) -> Any | None:
    """Return the coordinate of a dimension; ``None`` without one."""
    folder = shown.rpartition("/")[0]
    dimension = variables[shown].dimensions[axis]
    found = variables.get(f"{folder}/{dimension}" if folder else dimension, variables.get(dimension))
    return found if found is not None and is_numeric(found) and len(found.shape) == 1 else None


def _is_one_of(coordinate: Any, kinds: tuple[str, ...]) -> bool:
    return any(is_axis(coordinate, kind) for kind in kinds)


def _first_value_is_south(variables: Variables, shown: str, *, axis: int) -> bool:
    """Tell whether rows run from south to north; pictures run the other way."""
    coordinate = _coordinate(variables, shown, axis=axis)
    if coordinate is None:
        return False
    if not _is_one_of(coordinate, _DOWN) and not attribute(coordinate, "units").lower().startswith("degree"):
        return False
    ends = read_values(coordinate, slice(None, None, max(1, coordinate.shape[0] - 1)))
    return bool(ends[0] < ends[-1])
