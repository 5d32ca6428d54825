"""Which relative paths of strangers are accepted."""

import re
import unicodedata
from pathlib import PurePosixPath
from typing import Final

from workers.sdk import InvalidContent

#: Bytes of one component and of a whole name, in UTF-8 (the first is the limit of common file systems).
MAX_COMPONENT: Final = 255
MAX_NAME: Final = 1024
_DRIVE: Final = re.compile(r"[A-Za-z]:")
#: They make a name read differently from what it is.
_DIRECTION_CONTROLS: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def safe_path(name: str, *, what: str) -> PurePosixPath:
    """Return a name as a relative path in Unicode form NFC, without ``.`` and empty components.

    ``what`` is what messages call it.

    Raises:
        InvalidContent: the name could leave the folder, or cannot be a file name everywhere.
    """
    _check_characters(name, what=what)
    if name.startswith("/") or _DRIVE.match(name):
        raise InvalidContent(f"{what} {name!r} has an absolute path")
    parts = [part for part in unicodedata.normalize("NFC", name).split("/") if part not in {"", "."}]
    if ".." in parts:
        raise InvalidContent(f"{what} {name!r} leaves the folder ('..')")
    if not parts:
        raise InvalidContent(f"{what} {name!r} has no name")
    if any(len(part.encode()) > MAX_COMPONENT for part in parts):
        raise InvalidContent(f"{what} {name[:80]!r}… has a component of more than {MAX_COMPONENT} bytes")
    if sum(len(part.encode()) + 1 for part in parts) > MAX_NAME:
        raise InvalidContent(f"{what} {name[:80]!r}… has a name of more than {MAX_NAME} bytes")
    return PurePosixPath(*parts)


def _check_characters(name: str, *, what: str) -> None:
    for character in name:
        category = unicodedata.category(character)
        if category == "Cs":
            raise InvalidContent(f"{what} {name[:80]!r} has a name that is not valid UTF-8")
        if category == "Cc" or character in _DIRECTION_CONTROLS:
            raise InvalidContent(f"{what} {name[:80]!r} has a control character ({character!r}) in its name")
        if character == "\\":
            raise InvalidContent(f"{what} {name[:80]!r} has a backslash in its name, '/' separates folders")
