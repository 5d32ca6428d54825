"""Bytes to download: of whatever kind, never shown by a browser in our name."""

import re
from typing import Final

from django.http import HttpResponse
from django.utils.http import content_disposition_header

#: Anything else in a name is replaced: it must be one on every system, and in a header.
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9_-]+")
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
