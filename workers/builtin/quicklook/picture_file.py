"""Writing a picture, whole or not at all."""

import hashlib
import io
import uuid
from pathlib import Path

from PIL import Image

from workers.builtin.quicklook.stretch import Bytes


def as_png(pixels: Bytes) -> bytes:
    """Return a PNG file; the same pixels give the same bytes."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()


def write_atomically(content: bytes, *, folder: Path, stem: str) -> Path:
    """Write ``<folder>/<stem>-<digest>.png`` and return its path; writing it again changes nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{stem}-{hashlib.sha256(content).hexdigest()[:16]}.png"
    partial = folder / f".{uuid.uuid4().hex}.partial"
    try:
        partial.write_bytes(content)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return target
