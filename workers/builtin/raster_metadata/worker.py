"""The worker type ``raster-metadata``: from files to a STAC item."""

from typing import Final

from workers.builtin.raster_metadata.description import Description
from workers.builtin.raster_metadata.geotiff import describe_geotiff
from workers.builtin.raster_metadata.items import BODY, NETCDF_CLASSIC_REFUSED, described
from workers.builtin.raster_metadata.netcdf import describe_netcdf
from workers.builtin.scene_files import SceneFile
from workers.builtin.scene_kinds import SceneKind
from workers.sdk import InvalidContent, WorkContext, WorkRequest, WorkResult, worker_type

_KINDS: Final = frozenset({SceneKind.GEOTIFF, SceneKind.NETCDF, SceneKind.NETCDF_CLASSIC})


@worker_type("raster-metadata", version="1.0", body_schema=BODY)
def run(request: WorkRequest, context: WorkContext) -> WorkResult:
    """Describe the listed files as one STAC item, or a collection of items for several scenes.

    Raises:
        InvalidContent: a file may not be read or is damaged, or none is a GeoTIFF or netCDF file.
    """
    return described(
        request,
        context,
        kinds=_KINDS,
        wanted="GeoTIFF or netCDF",
        describe=_describe,
    )


def _describe(file: SceneFile) -> Description:
    if file.kind is SceneKind.GEOTIFF:
        return describe_geotiff(file.local, name=file.name)
    if file.kind is SceneKind.NETCDF:
        return describe_netcdf(file.local, name=file.name)
    raise InvalidContent(NETCDF_CLASSIC_REFUSED.format(name=file.name))
