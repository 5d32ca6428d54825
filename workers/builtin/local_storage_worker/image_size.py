"""How large a picture is, told by its header alone."""

import warnings
from pathlib import Path
from typing import Final

from PIL import Image, UnidentifiedImageError

from workers.builtin.geotiff_files import open_geotiff
from workers.builtin.scene_kinds import SceneKind, kind_of
from workers.sdk import InvalidContent

_FORMATS: Final = ("BMP", "GIF", "JPEG", "JPEG2000", "PNG", "WEBP")


def image_size(path: Path) -> tuple[int, int] | None:
    """Return width and height in pixels; ``None`` when it is no picture of a known format."""
    if kind_of(path) is SceneKind.GEOTIFF:
        return _size_of_tiff(path)
    try:
        # The warning is about decoding, which is not done here.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path, formats=_FORMATS) as picture:
                return picture.size
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError, SyntaxError):
        return None


def _size_of_tiff(path: Path) -> tuple[int, int] | None:
    try:
        with open_geotiff(path, name=path.name) as dataset:
            return dataset.width, dataset.height
    except InvalidContent:
        return None
