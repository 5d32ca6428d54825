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
    if _is_unsigned(variable):
        raw = raw.view(_unsigned(raw.dtype))
    values: Values = raw.astype(np.float64)
    for fill in ("_FillValue", "missing_value"):
        if fill in variable.attrs:
            values[np.isin(raw, _as_stored(variable.attrs[fill], raw.dtype))] = math.nan
    with np.errstate(over="ignore", invalid="ignore"):
        return values * _number(variable, "scale_factor", 1.0) + _number(variable, "add_offset", 0.0)


def _is_unsigned(variable: Any) -> bool:
    """Tell whether integers are meant without a sign, for which netCDF classic had no types."""
    return variable.dtype.kind == "i" and attribute(variable, "_Unsigned").lower() == "true"


def _unsigned(kind: np.dtype[Any]) -> np.dtype[Any]:
    return np.dtype(f"{kind.byteorder}u{kind.itemsize}")


def _as_stored(missing: Any, kind: np.dtype[Any]) -> Any:
    """Return numbers as values of this type would hold them; none of what is no number."""
    numbers = np.asarray(missing)
    if numbers.dtype.kind not in "iuf":
        return np.empty(0)
    if kind.kind == "f":
        # Of more digits than the values have, it would be equal to none.
        with np.errstate(over="ignore"):
            return numbers.astype(kind)
    if kind.kind == "u" and numbers.dtype.kind == "i" and numbers.dtype.itemsize == kind.itemsize:
        return numbers.view(_unsigned(numbers.dtype))
    return numbers


def thinned(shape: tuple[int, ...], *, most: int) -> tuple[slice, ...]:
    """Return slices that keep at most ``most`` values, evenly spread over the longer dimensions."""
    if math.prod(shape) <= most:
        return tuple(slice(None) for _ in shape)
    slices, left = {}, most
    for done, axis in enumerate(sorted(range(len(shape)), key=lambda axis: shape[axis])):
        kept = max(1, math.floor(left ** (1 / (len(shape) - done))))
        slices[axis] = slice(None, None, max(1, math.ceil(shape[axis] / kept)))
        left //= max(1, min(shape[axis], kept))
    return tuple(slices[axis] for axis in range(len(shape)))


def attribute(holder: Any, name: str) -> str:
    """Return an attribute as text; empty when it is absent."""
    return as_text(holder.attrs.get(name, "")).strip()


def as_text(value: Any) -> str:
    """Return a value as a text that can be sent: what is no UTF-8, and NUL, is replaced by U+FFFD."""
    # Libraries keep the bytes of texts that they cannot read as halves of surrogate pairs.
    encoded = value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogateescape")
    return encoded.decode("utf-8", "replace").replace("\0", "\ufffd")


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
    """Refuse links into other files: HDF5 would follow them to any path of this machine.

    What lies behind a soft link counts each time that a reader comes upon it.
    """
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
