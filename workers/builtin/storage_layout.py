"""Where results of a request live in the shared storage."""

import hashlib
import re
from pathlib import Path
from typing import Final

from workers.sdk import WorkContext, WorkRequest
from workers.sdk.held_folders import STAGING

_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._-]")
_READABLE_LENGTH: Final = 80
_DIGEST_LENGTH: Final = 16


def request_folder(*, request: WorkRequest, context: WorkContext) -> Path:
    """Return ``<storage>/<tenant>/<request id>``, both names made safe for a file system."""
    return context.storage.resolve() / tenant_folder(request.tenant) / folder_name(request.request_id)


def staging_folder(*, request: WorkRequest, context: WorkContext) -> Path:
    """Return where results of a tenant are made whole: one move away from their folders."""
    return context.storage.resolve() / tenant_folder(request.tenant) / STAGING


def tenant_folder(tenant: str) -> str:
    """Return the name of the folder of a tenant."""
    return folder_name(tenant)


def folder_name(text: str) -> str:
    """Return a safe folder name; different texts give different names.

    A text of safe characters is its own name. Any other is made readable and gets a digest of the original.
    """
    safe = _UNSAFE.sub("_", text)[:_READABLE_LENGTH]
    if safe == text and not text.startswith(".") and text:
        return text
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST_LENGTH]
    return f"{safe.lstrip('.')}~{digest}"
