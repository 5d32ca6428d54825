"""The items of the request and the asset of each that can be shown."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from workers.builtin.scene_kinds import SceneKind
from workers.sdk import InvalidContent

THUMBNAIL: Final = "thumbnail"
_SHOWN: Final = (SceneKind.GEOTIFF.value, SceneKind.NETCDF.value)
_RGB_BANDS: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownAsset:
    """The asset that a quicklook is made of."""

    key: str
    href: str
    kind: SceneKind


def items_of(content: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the items of a STAC item or of a collection of items; they stay part of ``content``."""
    items: list[dict[str, Any]] = [content] if content["type"] == "Feature" else content["features"]
    return items


def shown_asset(item: Mapping[str, Any]) -> ShownAsset:
    """Return the asset to show: one with three or more bands before others, then by key.

    Raises:
        InvalidContent: no asset is a GeoTIFF or a netCDF file.
    """
    candidates = [(key, asset) for key, asset in item["assets"].items() if _plain_type(asset) in _SHOWN]
    if not candidates:
        kinds = ", ".join(f"{key} ({asset.get('type')})" for key, asset in item["assets"].items())
        raise InvalidContent(
            f"Item {item['id']!r} has no GeoTIFF or netCDF asset to show, only: {kinds or 'none'}"
        )
    key, asset = min(candidates, key=lambda candidate: (not _has_colours(candidate[1]), candidate[0]))
    return ShownAsset(key=key, href=asset.get("href"), kind=SceneKind(_plain_type(asset)))


def _plain_type(asset: Mapping[str, Any]) -> str:
    """Return the media type of an asset without further parameters, such as a profile."""
    name, *parameters = (part.strip().lower() for part in (asset.get("type") or "").split(";"))
    return "; ".join([name, *(each for each in parameters if each.startswith("application="))])


def _has_colours(asset: Mapping[str, Any]) -> bool:
    bands = asset.get("raster:bands")
    return isinstance(bands, list) and len(bands) >= _RGB_BANDS
