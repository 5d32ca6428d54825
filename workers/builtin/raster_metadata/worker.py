"""The worker type ``raster-metadata``: from files to a STAC item."""

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from workers.builtin.file_access import FileAccess
from workers.builtin.raster_metadata.description import Description
from workers.builtin.raster_metadata.geotiff import describe_geotiff
from workers.builtin.raster_metadata.netcdf import describe_netcdf
from workers.builtin.raster_metadata.scene_files import Scene, SceneFile, into_scenes, read_files
from workers.builtin.raster_metadata.stac_item import build_item
from workers.builtin.scene_kinds import SceneKind
from workers.sdk import InvalidContent, WorkContext, WorkRequest, WorkResult, json_content, worker_type


@worker_type("raster-metadata", version="1.0")
def run(request: WorkRequest, context: WorkContext) -> WorkResult:
    """Describe the listed files as one STAC item, or a collection of items for several scenes.

    Raises:
        InvalidContent: a file may not be read or is damaged, or none is a GeoTIFF or netCDF file.
    """
    content = json_content(request)
    archive = _archive_of(content)
    access = FileAccess.of(request=request, context=context)
    scenes = into_scenes(read_files(content, access=access))
    notes: list[str] = []
    items = []
    for number, scene in enumerate(scenes):
        context.progress(f"reading scene {scene.folder or '/'}", 100 * number / len(scenes))
        descriptions = {file.name: _describe(file) for file in scene.described}
        notes += [note for description in descriptions.values() for note in description.notes]
        title = _title_of(scene, archive=archive)
        items.append(build_item(scene=scene, descriptions=descriptions, archive=archive, title=title))
    answer = items[0] if len(items) == 1 else {"type": "FeatureCollection", "features": items}
    return WorkResult.json(answer, messages=tuple(notes))


def _describe(file: SceneFile) -> Description:
    if file.kind is SceneKind.GEOTIFF:
        return describe_geotiff(file.local, name=file.name)
    if file.kind is SceneKind.NETCDF:
        return describe_netcdf(file.local, name=file.name)
    raise InvalidContent(f"{file.name} is a netCDF classic file; convert it to netCDF-4 (nccopy -k nc4)")


def _archive_of(content: Mapping[str, Any]) -> Mapping[str, Any] | None:
    archive = content.get("archive")
    if archive is None:
        return None
    if not isinstance(archive, Mapping) or not isinstance(archive.get("url"), str):
        raise InvalidContent(f"archive must be an object with a url, got {archive!r:.200}")
    return archive


def _title_of(scene: Scene, *, archive: Mapping[str, Any] | None) -> str:
    """Return the product's name: its folder, else its archive, else its first file."""
    if scene.folder:
        return scene.folder
    if archive:
        return _stem(PurePosixPath(unquote(urlsplit(archive["url"]).path)).name)
    return _stem(scene.described[0].path.name)


def _stem(name: str) -> str:
    for suffix in (".tar.gz", ".tgz"):
        if name.lower().endswith(suffix):
            return name[: -len(suffix)]
    return PurePosixPath(name).stem
