"""The worker type ``quicklook``: from a STAC item to the same item with a thumbnail."""

from pathlib import Path
from typing import Any, Final

from workers.builtin.body_schema import checked_content
from workers.builtin.file_access import FileAccess
from workers.builtin.file_digest import sha256_of
from workers.builtin.quicklook.geotiff_picture import geotiff_picture
from workers.builtin.quicklook.netcdf_picture import netcdf_picture
from workers.builtin.quicklook.picture_file import as_png, write_atomically
from workers.builtin.quicklook.stac_input import THUMBNAIL, ShownAsset, items_of, shown_asset
from workers.builtin.quicklook.stretch import Bytes
from workers.builtin.scene_kinds import SceneKind
from workers.builtin.storage_layout import request_folder
from workers.contract.folder_names import folder_name
from workers.sdk import WorkContext, WorkRequest, WorkResult, worker_type

_BODY: Final = Path(__file__).with_name("body.schema.json")
_FILE_EXTENSION: Final = "https://stac-extensions.github.io/file/v2.1.0/schema.json"
#: Multihash prefix of SHA-256: function 0x12, 0x20 bytes.
_SHA256: Final = "1220"


@worker_type("quicklook", version="1.0", body_schema=_BODY)
def run(request: WorkRequest, context: WorkContext) -> WorkResult:
    """Draw a quicklook of each item and return what came in, with a ``thumbnail`` asset added.

    Raises:
        InvalidContent: the content is no STAC item, or its file may not be read, is damaged or shows nothing.
    """
    content = checked_content(request, schema=_BODY)
    access = FileAccess.of(request=request, context=context)
    folder = request_folder(request=request, context=context) / "quicklook"
    items = items_of(content)
    for number, item in enumerate(items):
        context.progress(f"drawing {item['id']}", 100 * number / len(items))
        asset = shown_asset(item)
        place = f"features[{number}]." if item is not content else ""
        local = access.locate(asset.href, field=f"{place}assets.{asset.key}.href")
        pixels, title = _draw(asset, local)
        written = write_atomically(as_png(pixels), folder=folder, stem=folder_name(item["id"]))
        _add_thumbnail(item, written, title=title)
    return WorkResult.json(content)


def _draw(asset: ShownAsset, local: Path) -> tuple[Bytes, str]:
    if asset.kind is SceneKind.GEOTIFF:
        return geotiff_picture(local, name=asset.key), f"Quicklook of {asset.key}"
    pixels, variable = netcdf_picture(local, name=asset.key)
    return pixels, f"Quicklook of {variable} in {asset.key}, first slice"


def _add_thumbnail(item: dict[str, Any], picture: Path, *, title: str) -> None:
    digest = sha256_of(picture)
    item["assets"][THUMBNAIL] = {
        "href": picture.as_uri(),
        "type": "image/png",
        "title": title,
        "roles": ["thumbnail"],
        "file:size": picture.stat().st_size,
        "file:checksum": _SHA256 + digest,
        "regards:sha256": digest,
    }
    extensions = set(item.get("stac_extensions") or []) | {_FILE_EXTENSION}
    item["stac_extensions"] = sorted(extensions)
