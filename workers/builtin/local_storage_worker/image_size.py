"""How large a picture is, told by its header alone."""

import struct
from pathlib import Path
from typing import Final

from PIL import Image, UnidentifiedImageError

from workers.builtin.geotiff_files import open_geotiff
from workers.builtin.scene_kinds import SceneKind, kind_of
from workers.sdk import InvalidContent

_FORMATS: Final = ("BMP", "GIF", "JPEG", "JPEG2000", "PNG", "WEBP")
#: Bytes that tell a format.
_START: Final = 16
#: What Pillow raises on what is no picture, or a damaged one.
_NO_PICTURE: Final = (
    UnidentifiedImageError,
    OSError,
    ValueError,
    SyntaxError,
    IndexError,
    TypeError,
    KeyError,
    struct.error,
)


def image_size(path: Path) -> tuple[int, int] | None:
    """Return width and height in pixels; ``None`` when it is no picture of a known format."""
    if kind_of(path) is SceneKind.GEOTIFF:
        return _size_of_tiff(path)
    Image.init()
    with path.open("rb") as file:
        start = file.read(_START)
        for name in _FORMATS:
            # Not by `Image.open`: it refuses large pictures for what decoding them would take.
            reader, accepts = Image.OPEN[name]
            if accepts is None or accepts(start) is not True:
                continue
            file.seek(0)
            try:
                return reader(file, str(path)).size
            except _NO_PICTURE:
                return None
    return None


def _size_of_tiff(path: Path) -> tuple[int, int] | None:
    try:
        with open_geotiff(path, name=path.name) as dataset:
            return dataset.width, dataset.height
    except InvalidContent:
        return None
