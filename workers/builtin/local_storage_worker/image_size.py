"""How large a picture is, told by its header alone."""

import struct
from pathlib import Path
from typing import Final

from PIL import Image, UnidentifiedImageError

from workers.builtin.geotiff_files import open_geotiff
from workers.builtin.scene_kinds import SceneKind, kind_of
from workers.sdk import InvalidContent

#: Of those that Pillow tells by their header alone.
_FORMATS: Final = ("BMP", "GIF", "JPEG", "JPEG2000", "PNG")
#: Bytes that tell a format, and the size of WebP.
_START: Final = 30
_FOURTEEN_BITS: Final = 0x3FFF
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
    EOFError,
    OverflowError,
    MemoryError,
    Image.DecompressionBombError,
)


def image_size(path: Path) -> tuple[int, int] | None:
    """Return width and height in pixels; ``None`` when it is no picture of a known format."""
    if kind_of(path) is SceneKind.GEOTIFF:
        return _size_of_tiff(path)
    Image.init()
    with path.open("rb") as file:
        start = file.read(_START)
        if start.startswith(b"RIFF") and start[8:12] == b"WEBP":
            return _size_of_webp(start)
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


def _size_of_webp(start: bytes) -> tuple[int, int] | None:
    """Return the size of the canvas. Not by Pillow, which reads the whole file to decode it."""
    kind, data = start[12:16], start[20:]
    try:
        if kind == b"VP8X":
            width, width_high, height, height_high = struct.unpack_from("<4xHBHB", data)
            return (width_high << 16 | width) + 1, (height_high << 16 | height) + 1
        if kind == b"VP8L":
            (bits,) = struct.unpack_from("<xI", data)
            return (bits & _FOURTEEN_BITS) + 1, (bits >> 14 & _FOURTEEN_BITS) + 1
        if kind == b"VP8 ":
            width, height = struct.unpack_from("<6xHH", data)
            return width & _FOURTEEN_BITS, height & _FOURTEEN_BITS
    except struct.error:
        return None
    return None
