"""Names of tenants and requests as names of folders."""

import hashlib
import re
from typing import Final

_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._-]")
_READABLE_LENGTH: Final = 80
_DIGEST_LENGTH: Final = 16


def folder_name(text: str) -> str:
    """Return a safe folder name; different texts give different names.

    A text of safe characters is its own name. Any other is made readable and gets a digest of the original.
    """
    safe = _UNSAFE.sub("_", text)[:_READABLE_LENGTH]
    if safe == text and not text.startswith(".") and text:
        return text
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST_LENGTH]
    return f"{safe.lstrip('.')}~{digest}"
