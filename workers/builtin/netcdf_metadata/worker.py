"""The worker type ``netcdf-metadata``: from netCDF-4 and HDF5 files to a STAC item."""

from dataclasses import replace
from typing import Final

from workers.builtin.netcdf_files import open_netcdf
from workers.builtin.netcdf_metadata.attributes import properties_of, told_attributes
from workers.builtin.raster_metadata.description import Description
from workers.builtin.raster_metadata.items import BODY, NETCDF_CLASSIC_REFUSED, described
from workers.builtin.raster_metadata.netcdf import describe_netcdf
from workers.builtin.scene_files import SceneFile
from workers.builtin.scene_kinds import SceneKind
from workers.sdk import InvalidContent, WorkContext, WorkRequest, WorkResult, worker_type

_KINDS: Final = frozenset({SceneKind.NETCDF, SceneKind.HDF5, SceneKind.NETCDF_CLASSIC})


@worker_type("netcdf-metadata", version="1.0", body_schema=BODY)
def run(request: WorkRequest, context: WorkContext) -> WorkResult:
    """Describe the listed files as ``raster-metadata`` does, with what their global attributes tell.

    Raises:
        InvalidContent: a file may not be read or is damaged, or none is a netCDF or HDF5 file.
    """
    return described(
        request,
        context,
        kinds=_KINDS,
        wanted="netCDF or HDF5",
        describe=_describe,
    )


def _describe(file: SceneFile) -> Description:
    if file.kind is SceneKind.NETCDF_CLASSIC:
        raise InvalidContent(NETCDF_CLASSIC_REFUSED.format(name=file.name))
    description = describe_netcdf(file.local, name=file.name)
    with open_netcdf(file.local, name=file.name) as variables:
        attributes = told_attributes(variables[""])
    return replace(
        description,
        fields=description.fields | {"regards:attributes": attributes},
        properties=properties_of(attributes),
    )
