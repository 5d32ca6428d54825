"""A small picture of the first variable of a netCDF-4 file."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from workers.builtin.netcdf_files import attribute, is_numeric, open_netcdf, read_values
from workers.builtin.quicklook.picture_size import MAX_SIDE
from workers.builtin.quicklook.stretch import Bytes, coloured, stretched, with_alpha
from workers.sdk import InvalidContent

_PLANE: Final = 2

Variables = Mapping[str, Any]


def netcdf_picture(path: Path, *, name: str) -> tuple[Bytes, str]:
    """Return rows, columns and red, green, blue, alpha, and the path of the variable that is shown.

    Raises:
        InvalidContent: the file is damaged, or no variable has two dimensions.
    """
    with open_netcdf(path, name=name) as variables:
        shown = _first_plane(variables, name=name)
        variable = variables[shown]
        values = read_values(variable, _key(variable.shape))
        if _first_value_is_south(variables, shown, axis=-2):
            values = values[::-1]
        valid = np.isfinite(values)
        if not valid.any():
            raise InvalidContent(f"{name} has no value of {shown} to show in its first slice")
        return with_alpha(coloured(stretched(values, valid=valid)), valid=valid), shown


def _first_plane(variables: Variables, *, name: str) -> str:
    """Return the first variable with two or more dimensions that is neither a coordinate nor its bounds."""
    helpers = {
        word
        for path, variable in variables.items()
        for attribute_name in ("bounds", "coordinates", "climatology")
        for word in (attribute(variable, attribute_name).split() if path else ())
    }
    for path, variable in variables.items():
        is_data = path and len(variable.shape) >= _PLANE and is_numeric(variable)
        if (
            is_data
            and min(variable.shape[-2:]) > 1
            and path.rsplit("/", 1)[-1] not in helpers
            and math.prod(variable.shape)
        ):
            return path
    raise InvalidContent(f"{name} has no variable with two dimensions to show")


def _key(shape: tuple[int, ...]) -> tuple[int | slice, ...]:
    """Return the first slice of the leading dimensions, and steps that keep the plane small."""
    step = max(1, math.ceil(max(shape[-2:]) / MAX_SIDE))
    return (*(0 for _ in shape[:-2]), slice(None, None, step), slice(None, None, step))


def _first_value_is_south(variables: Variables, shown: str, *, axis: int) -> bool:
    """Tell whether rows run from south to north; pictures run the other way."""
    folder = shown.rpartition("/")[0]
    dimension = variables[shown].dimensions[axis]
    coordinate = variables.get(f"{folder}/{dimension}" if folder else dimension, variables.get(dimension))
    if coordinate is None or not is_numeric(coordinate) or len(coordinate.shape) != 1:
        return False
    vertical = attribute(coordinate, "standard_name") in {"latitude", "projection_y_coordinate"}
    if not vertical and not attribute(coordinate, "units").lower().startswith("degree"):
        return False
    ends = read_values(coordinate, slice(None, None, max(1, coordinate.shape[0] - 1)))
    return bool(ends[0] < ends[-1])
