"""Which files are scenes, told by their first bytes and not by their names alone."""

from enum import StrEnum
from pathlib import Path
from typing import Final

_TIFF: Final = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_HDF5: Final = b"\x89HDF\r\n\x1a\n"
_NETCDF_CLASSIC: Final = (b"CDF\1", b"CDF\2", b"CDF\5")
_NETCDF_SUFFIXES: Final = frozenset({".nc", ".nc4", ".cdf", ".netcdf"})


class SceneKind(StrEnum):
    """Formats of files that are described; the value is the STAC media type."""

    GEOTIFF = "image/tiff; application=geotiff"
    NETCDF = "application/netcdf"
    #: HDF5 whose name does not say that it is netCDF.
    HDF5 = "application/x-hdf5"
    #: Known but not read: the format before netCDF-4.
    NETCDF_CLASSIC = "application/x-netcdf"


def kind_of(path: Path) -> SceneKind | None:
    """Return the format of a file; ``None`` when it is no scene."""
    with path.open("rb") as file:
        start = file.read(8)
    if start.startswith(_TIFF):
        return SceneKind.GEOTIFF
    if start.startswith(_NETCDF_CLASSIC):
        return SceneKind.NETCDF_CLASSIC
    if start == _HDF5:
        return SceneKind.NETCDF if path.suffix.lower() in _NETCDF_SUFFIXES else SceneKind.HDF5
    return None
