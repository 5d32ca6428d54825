"""Real and made-up scenes, laid into a storage as `extract-archive` leaves them."""

import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import h5netcdf
import hvsampledata
import numpy as np
import rasterio
from rasterio.transform import from_origin

SAMPLES = Path(hvsampledata.__file__).parent / "_data"
LANDSAT = SAMPLES / "landsat_rgb.tif"
AIR = SAMPLES / "air_temperature_small.nc"


def copied(sample: Path, *, to: Path) -> Path:
    to.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(sample, to)
    return to


def listing(folder: Path, paths: Iterable[Path], *, archive: str = "file:///in/product.zip") -> bytes:
    """Return the content that names the files below ``folder``."""
    files = [
        {
            "url": path.as_uri(),
            "path": str(path.relative_to(folder)),
            "size": path.stat().st_size,
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        }
        for path in paths
    ]
    return json.dumps({"archive": {"url": archive, "size": 1, "sha256": "0" * 64}, "files": files}).encode()


def write_geotiff(path: Path, values: Any, *, epsg: int | None = 4326, **profile: Any) -> Path:
    """Write bands (band, row, column); by default one degree per pixel from 0° E, 10° N."""
    path.parent.mkdir(parents=True, exist_ok=True)
    bands = np.asarray(values)
    options = {"transform": from_origin(0, 10, 1, 1), **profile}
    tags = options.pop("tags", {})
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        count=bands.shape[0],
        height=bands.shape[1],
        width=bands.shape[2],
        dtype=bands.dtype,
        crs=f"EPSG:{epsg}" if epsg else None,
        **options,
    ) as dataset:
        dataset.write(bands)
        dataset.update_tags(**tags)
    return path


def write_netcdf(
    path: Path,
    *,
    lat: Any,
    lon: Any,
    data: Any | None = None,
    time: tuple[Any, Mapping[str, str]] | None = None,
    attributes: Mapping[str, str] | None = None,
) -> Path:
    """Write a grid with one variable ``t``; ``time`` is the values and attributes of a time coordinate."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lat, lon = np.asarray(lat, np.float64), np.asarray(lon, np.float64)
    with h5netcdf.File(path, "w") as file:
        file.dimensions = {"lat": lat.size, "lon": lon.size}
        file.create_variable("lat", ("lat",), data=lat).attrs["units"] = "degrees_north"
        file.create_variable("lon", ("lon",), data=lon).attrs["units"] = "degrees_east"
        values = np.zeros((lat.size, lon.size)) if data is None else np.asarray(data)
        file.create_variable("t", ("lat", "lon"), data=values)
        for moments, described in [time] if time else []:
            file.dimensions["time"] = len(moments)
            file.create_variable("time", ("time",), data=np.asarray(moments)).attrs.update(described)
        file.attrs.update(attributes or {})
    return path
