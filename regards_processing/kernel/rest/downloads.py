"""Bytes to download: of whatever kind, never shown by a browser in our name."""

import re
from typing import BinaryIO, Final

from django.http import FileResponse, HttpResponse
from django.utils.http import content_disposition_header

#: Anything else in a name is replaced: it must be one on every system, and in a header.
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9_-]+")
#: The same for names that come with an ending of their own.
_UNSAFE_IN_NAME: Final = re.compile(r"[^A-Za-z0-9._-]+")
_LENGTH: Final = 100


def download(content: bytes, *, name: str, ending: str) -> HttpResponse:
    """Return an answer that a browser saves as a file; ``name`` may be any text, ``ending`` is ours."""
    safe = _UNSAFE.sub("_", name)[:_LENGTH].strip("_") or "content"
    disposition = content_disposition_header(as_attachment=True, filename=f"{safe}.{ending}") or ""
    return HttpResponse(
        content,
        content_type="application/octet-stream",
        headers={
            "Content-Disposition": disposition,
            "Content-Length": str(len(content)),
            "X-Content-Type-Options": "nosniff",
        },
    )


def stream(content: BinaryIO, *, name: str) -> FileResponse:
    """Return an answer that a browser saves as a file, read while it is sent; ``name`` may be any path."""
    safe = _UNSAFE_IN_NAME.sub("_", name.rpartition("/")[2])[-_LENGTH:].lstrip(".") or "content"
    return FileResponse(
        content,
        as_attachment=True,
        filename=safe,
        content_type="application/octet-stream",
        headers={"X-Content-Type-Options": "nosniff"},
    )
