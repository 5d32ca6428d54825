"""What global attributes of the conventions CF and ACDD say in STAC's words."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from workers.builtin.netcdf_files import as_text
from workers.builtin.raster_metadata.file_dates import from_text
from workers.builtin.raster_metadata.netcdf import MAX_TEXT

#: Attributes that are told.
MAX_ATTRIBUTES: Final = 200
_MAX_VALUES: Final = 100
#: What the libraries raise on attributes that netCDF does not know, such as references.
_UNREADABLE: Final = (KeyError, OSError, RuntimeError, TypeError, ValueError)
#: Properties of STAC and the attributes that hold them, best first.
_TEXTS: Final = {
    "description": ("summary",),
    "platform": ("platform",),
    "mission": ("mission",),
}
_LISTS: Final = {
    "keywords": ("keywords",),
    "instruments": ("instrument", "sensor"),
}
_DATES: Final = {
    "created": ("date_created", "creation_date"),
    "updated": ("date_modified",),
}
_PRODUCERS: Final = ("institution", "creator_institution", "publisher_name")


def told_attributes(root: Any) -> dict[str, Any]:
    """Return the global attributes of an open file that are texts or a few numbers; long texts are cut."""
    told: dict[str, Any] = {}
    for name in list(root.attrs)[:MAX_ATTRIBUTES]:
        try:
            plain = _plain(root.attrs[name])
        except _UNREADABLE:
            continue
        if plain is not None:
            told[as_text(name)] = plain
    return told


def properties_of(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the properties of an item that follow from the attributes of a file."""
    found: dict[str, Any] = {key: _first(attributes, names) for key, names in _TEXTS.items()}
    found |= {key: _listed(_first(attributes, names)) for key, names in _LISTS.items()}
    found |= {key: _date(_first(attributes, names)) for key, names in _DATES.items()}
    producer = _first(attributes, _PRODUCERS)
    found["providers"] = [{"name": producer, "roles": ["producer"]}] if producer else []
    found["regards:conventions"] = _first(attributes, ("Conventions",))
    # Not as STAC's own "license": that is an identifier of SPDX, this is prose.
    found["regards:license"] = _first(attributes, ("license",))
    return {key: value for key, value in found.items() if value}


def _plain(value: Any) -> Any:
    """Return a value as JSON has it; ``None`` for what it has not, such as references."""
    if isinstance(value, (bytes, str)):
        return as_text(value).strip()[:MAX_TEXT]
    array = np.asarray(value)
    if array.dtype.kind not in "iufb" or array.size > _MAX_VALUES or not np.isfinite(array).all():
        return None
    return array.tolist()


def _first(attributes: Mapping[str, Any], names: tuple[str, ...]) -> str:
    found = (attributes[name] for name in names if isinstance(attributes.get(name), str))
    return next((text for text in found if text), "")


def _listed(text: str) -> list[str]:
    return list(dict.fromkeys(word.strip() for word in text.replace(";", ",").split(",") if word.strip()))


def _date(text: str) -> str:
    date = from_text(text)
    return date.isoformat().replace("+00:00", "Z") if date else ""
