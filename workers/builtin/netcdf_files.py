"""Opening netCDF-4 files from strangers with HDF5."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import h5netcdf
import h5py
import numpy as np
import numpy.typing as npt

from workers.sdk import InvalidContent

MAX_OBJECTS: Final = 10_000
#: Decoded bytes of one chunk: HDF5 holds it whole in memory.
MAX_CHUNK_BYTES: Final = 512 * 1024 * 1024
#: Values read at once from one variable; more are thinned out.
MAX_VALUES: Final = 4_000_000
_DAMAGED: Final = (
    OSError,
    RuntimeError,
    ValueError,
    KeyError,
    TypeError,
    IndexError,
    AttributeError,
    MemoryError,
)

Values = npt.NDArray[np.float64]


@contextmanager
def open_netcdf(path: Path, *, name: str) -> Iterator[dict[str, Any]]:
    """Yield the variables of a netCDF-4 file by their path (``group/variable``), and the root under ``""``.

    What goes wrong while they are read inside the block is reported in the same way.

    Raises:
        InvalidContent: the file is damaged, too large, or refers to other files.
    """
    try:
        _check_self_contained(path, name=name)
        with h5netcdf.File(path, "r", phony_dims="access", locking=False) as file:
            yield {"": file, **dict(_variables(file, prefix=""))}
    except _DAMAGED as error:
        raise InvalidContent(f"{name} is not a readable netCDF-4 file: {error}") from error


def read_values(variable: Any, key: Any = ...) -> Values:
    """Return numeric values as floats, scaled, with NaN where there is none."""
    raw = np.asarray(variable[key])
    values: Values = raw.astype(np.float64)
    for fill in ("_FillValue", "missing_value"):
        if fill in variable.attrs:
            values[np.isin(raw, np.asarray(variable.attrs[fill]))] = math.nan
    return values * _number(variable, "scale_factor", 1.0) + _number(variable, "add_offset", 0.0)


def thinned(shape: tuple[int, ...], *, most: int) -> tuple[slice, ...]:
    """Return slices that keep at most about ``most`` values, evenly spread."""
    if math.prod(shape) <= most:
        return tuple(slice(None) for _ in shape)
    step = math.ceil((math.prod(shape) / most) ** (1 / len(shape)))
    return tuple(slice(None, None, min(step, max(length, 1))) for length in shape)


def attribute(holder: Any, name: str) -> str:
    """Return an attribute as text; empty when it is absent."""
    value = holder.attrs.get(name, "")
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace").strip()
    return str(value).strip()


def is_numeric(variable: Any) -> bool:
    """Tell whether a variable holds real numbers."""
    kind = getattr(variable.dtype, "kind", "")
    return kind in "iuf"


def _number(variable: Any, name: str, default: float) -> float:
    return float(np.ravel(variable.attrs.get(name, default))[0])


def _variables(group: Any, *, prefix: str) -> Iterator[tuple[str, Any]]:
    for name, variable in group.variables.items():
        yield prefix + name, variable
    for name, child in group.groups.items():
        yield from _variables(child, prefix=f"{prefix}{name}/")


def _check_self_contained(path: Path, *, name: str) -> None:
    """Refuse links into other files: HDF5 would follow them to any path of this machine."""
    with h5py.File(path, "r", locking=False) as file:
        groups, seen = [file["/"]], 0
        while groups:
            group = groups.pop()
            for key in group:
                seen += 1
                if seen > MAX_OBJECTS:
                    raise InvalidContent(f"{name} holds more than {MAX_OBJECTS} objects")
                link = group.get(key, getlink=True)
                if isinstance(link, h5py.ExternalLink):
                    raise InvalidContent(
                        f"{name} links to another file ({link.filename!r}), which is not followed"
                    )
                if isinstance(link, h5py.HardLink):
                    _check_object(group[key], groups, name=name)


def _check_object(item: Any, groups: list[Any], *, name: str) -> None:
    if isinstance(item, h5py.Group):
        groups.append(item)
    elif isinstance(item, h5py.Dataset):
        if item.external or item.is_virtual:
            raise InvalidContent(f"{name} keeps the data of {item.name!r} in other files, which are not read")
        if item.chunks and math.prod(item.chunks) * item.dtype.itemsize > MAX_CHUNK_BYTES:
            raise InvalidContent(
                f"{name} has chunks of {item.chunks} values in {item.name!r}, too large to read"
            )
