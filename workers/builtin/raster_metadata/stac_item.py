"""Building the STAC item of a scene."""

import json
import mimetypes
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final

import pystac
from jsonschema import Draft7Validator
from pystac.extensions.file import SCHEMA_URI as FILE
from pystac.extensions.projection import SCHEMA_URI as PROJECTION
from pystac.validation.local_validator import get_local_schema_cache
from referencing import Registry, Resource

from workers.builtin.raster_metadata import footprint
from workers.builtin.raster_metadata.description import Description, Interval
from workers.builtin.raster_metadata.file_dates import from_modification, from_name
from workers.builtin.scene_files import Scene, SceneFile

_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._-]+")
#: Multihash prefix of SHA-256: function 0x12, 0x20 bytes.
_SHA256: Final = "1220"
_SHARED: Final = ("proj:code", "proj:wkt2", "proj:shape", "proj:transform", "proj:bbox")
_PREFERRED_TYPES: Final = {".xml": "application/xml", ".json": "application/json", ".txt": "text/plain"}


class InvalidItem(Exception):
    """An item that we built breaks a rule of STAC: a fault of this worker type, not of the content."""


def build_item(
    *, scene: Scene, descriptions: Mapping[str, Description], archive: Mapping[str, Any] | None, title: str
) -> dict[str, Any]:
    """Return the STAC item of a scene; ``descriptions`` are by path in the archive.

    Raises:
        InvalidItem: the result breaks the STAC schema.
    """
    found = [descriptions[file.name] for file in scene.described]
    shape = footprint.merged(each.footprint for each in found if each.footprint)
    interval = _interval(scene, descriptions)
    moment, properties = _times(interval)
    properties |= _agreed([each.properties for each in found])
    properties |= _shared_projection(found)
    properties |= {
        "title": title,
        "regards:datetime_source": interval.origin,
        "regards:sources": [_source(file) for file in scene.described],
    }
    if archive:
        properties["regards:archive"] = dict(archive)
    item = pystac.Item(
        id=_UNSAFE.sub("_", title).strip("_") or "scene",
        geometry=footprint.geojson(shape) if shape else None,
        bbox=footprint.bbox(shape) if shape else None,
        datetime=moment,
        properties=properties,
        stac_extensions=sorted({FILE}.union(*(each.extensions for each in found))),
    )
    for key, file in _keyed(scene):
        item.add_asset(key, _asset(file, descriptions.get(file.name)))
    return _validated(item)


def _interval(scene: Scene, descriptions: Mapping[str, Description]) -> Interval:
    """Return the time from the first to the last moment of the files whose dates have the best source."""
    known = [
        descriptions[file.name].interval
        or from_name(file.path.name)
        or from_modification(file.local, name=file.name)
        for file in scene.described
    ]
    best = min(each.source for each in known)
    chosen = [each for each in known if each.source == best]
    return Interval(
        start=min(each.start for each in chosen),
        end=max(each.end for each in chosen),
        source=best,
        origin="; ".join(sorted({each.origin for each in chosen})),
    )


def _times(interval: Interval) -> tuple[datetime | None, dict[str, Any]]:
    """Return the one moment, or none and the two ends: STAC wants exactly one of both forms."""
    if interval.start == interval.end:
        return interval.start, {}
    ends = (interval.start, interval.end)
    names = ("start_datetime", "end_datetime")
    return None, dict(zip(names, (pystac.utils.datetime_to_str(each) for each in ends), strict=True))


def _shared_projection(found: Sequence[Description]) -> dict[str, Any]:
    """Return the projection fields that all described files agree on."""
    if not all(PROJECTION in each.extensions for each in found):
        return {}
    shared = _agreed([each.fields for each in found])
    return {name: shared[name] for name in _SHARED if name in shared}


def _agreed(found: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what all say alike."""
    first, *others = found
    return {
        name: value
        for name, value in first.items()
        if all(name in other and other[name] == value for other in others)
    }


def _keyed(scene: Scene) -> Iterator[tuple[str, SceneFile]]:
    """Yield the key of each asset: its path within the scene, or the whole one if another file has that."""
    outside = {file.name for file in scene.files if not _is_inside(file, scene)}
    for file in scene.files:
        within = "/".join(file.path.parts[1:]) if _is_inside(file, scene) else file.name
        yield (file.name if _is_inside(file, scene) and within in outside else within), file


def _is_inside(file: SceneFile, scene: Scene) -> bool:
    return bool(scene.folder) and file.path.parts[0] == scene.folder


def _asset(file: SceneFile, description: Description | None) -> pystac.Asset:
    fields = dict(description.fields) if description else {}
    return pystac.Asset(
        href=file.local.as_uri(),
        title=fields.pop("title", file.path.name),
        description=fields.pop("description", None),
        media_type=file.kind.value if file.kind else _media_type(file),
        roles=["data"] if description else ["metadata"],
        extra_fields={"file:size": file.size, "file:checksum": _SHA256 + file.sha256, **fields},
    )


def _media_type(file: SceneFile) -> str:
    suffix = file.path.suffix.lower()
    return (
        _PREFERRED_TYPES.get(suffix) or mimetypes.guess_type(file.path.name)[0] or "application/octet-stream"
    )


def _source(file: SceneFile) -> dict[str, Any]:
    media_type = file.kind.value if file.kind else ""
    return {"path": file.name, "type": media_type, "size": file.size, "sha256": file.sha256}


def _validated(item: pystac.Item) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(json.dumps(item.to_dict(include_self_link=False), allow_nan=False))
    errors = [f"{error.json_path}: {error.message:.200}" for error in _validator().iter_errors(document)]
    if errors:
        raise InvalidItem(
            f"Item {item.id!r} breaks STAC {document['stac_version']}: " + "; ".join(errors[:5])
        )
    return document


@cache
def _validator() -> Draft7Validator:
    """Return the validator of STAC's item schema, from the copies that pystac ships: no network."""
    schemas = get_local_schema_cache()
    registry = Registry().with_resources(
        [(uri, Resource.from_contents(body)) for uri, body in schemas.items()]
    )
    item = next(body for uri, body in schemas.items() if uri.endswith("/item-spec/json-schema/item.json"))
    return Draft7Validator(item, registry=registry)
