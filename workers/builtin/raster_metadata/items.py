"""From the files of a request to STAC items: what worker types for metadata share."""

from collections.abc import Callable, Collection, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from workers.builtin.body_schema import checked_content
from workers.builtin.file_access import FileAccess
from workers.builtin.raster_metadata.description import Description
from workers.builtin.raster_metadata.stac_item import build_item
from workers.builtin.scene_files import Scene, SceneFile, into_scenes, read_files
from workers.builtin.scene_kinds import SceneKind
from workers.sdk import WorkContext, WorkRequest, WorkResult

#: What these worker types take.
BODY: Final = Path(__file__).parent.with_name("delivered_files.schema.json")
NETCDF_CLASSIC_REFUSED: Final = "{name} is a netCDF classic file; convert it to netCDF-4 (nccopy -k nc4)"


def described(
    request: WorkRequest,
    context: WorkContext,
    *,
    kinds: Collection[SceneKind],
    wanted: str,
    describe: Callable[[SceneFile], Description],
) -> WorkResult:
    """Return one STAC item of the files that a request lists, or a collection of items for several scenes.

    ``wanted`` is what messages call files of these ``kinds``.

    Raises:
        InvalidContent: the content does not follow its schema, a file may not be read or is damaged, or none
            is of these kinds.
    """
    content = checked_content(request, schema=BODY)
    archive = content.get("archive")
    access = FileAccess.of(request=request, context=context)
    scenes = into_scenes(read_files(content, access=access, kinds=kinds), wanted=wanted)
    notes: list[str] = []
    items = []
    for number, scene in enumerate(scenes):
        context.progress(f"reading scene {scene.folder or '/'}", 100 * number / len(scenes))
        descriptions = {file.name: describe(file) for file in scene.described}
        notes += [note for description in descriptions.values() for note in description.notes]
        title = _title_of(scene, archive=archive)
        items.append(build_item(scene=scene, descriptions=descriptions, archive=archive, title=title))
    answer = items[0] if len(items) == 1 else {"type": "FeatureCollection", "features": items}
    return WorkResult.json(answer, messages=tuple(notes))


def _title_of(scene: Scene, *, archive: Mapping[str, Any] | None) -> str:
    """Return the product's name: its folder, else its archive, else its first file."""
    if scene.folder:
        return scene.folder
    if archive:
        return _stem(PurePosixPath(unquote(urlsplit(archive["url"]).path)).name)
    return _stem(scene.described[0].path.name)


def _stem(name: str) -> str:
    for suffix in (".tar.gz", ".tar.zst"):
        if name.lower().endswith(suffix):
            return name[: -len(suffix)]
    return PurePosixPath(name).stem
