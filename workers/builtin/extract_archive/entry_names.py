"""Which names of entries are accepted."""

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


class EntryNames:
    """The names accepted so far; refuses what is unsafe, repeated or both file and folder."""

    def __init__(self) -> None:
        self._files: set[PurePosixPath] = set()
        self._folders: set[PurePosixPath] = set()

    def accept_file(self, name: str) -> PurePosixPath:
        """Return the safe relative path of a file.

        Raises:
            InvalidContent: the name is unsafe, repeated, or names a folder of the same archive.
        """
        path = safe_path(name)
        if path in self._files:
            raise InvalidContent(f"Entry {name!r} appears twice")
        if path in self._folders:
            raise InvalidContent(f"Entry {name!r} is both a file and a folder")
        self._add_folders(path.parent, name=name)
        self._files.add(path)
        return path

    def accept_folder(self, name: str) -> None:
        """Check the name of a folder; folders may be repeated.

        Raises:
            InvalidContent: the name is unsafe, or names a file of the same archive.
        """
        if set(name) <= {".", "/"} and ".." not in name and not name.startswith("/"):
            return  # "./", the root of the archive itself
        self._add_folders(safe_path(name), name=name)

    def _add_folders(self, folder: PurePosixPath, *, name: str) -> None:
        for ancestor in (folder, *folder.parents):
            if ancestor in self._files:
                raise InvalidContent(f"Entry {name!r} needs the folder '{ancestor}', which is also a file")
            self._folders.add(ancestor)


def safe_path(name: str) -> PurePosixPath:
    """Return a name as a relative path in Unicode form NFC, without ``.`` and empty components.

    Raises:
        InvalidContent: the name could leave the folder, or cannot be a file name everywhere.
    """
    _check_characters(name)
    if name.startswith("/") or _DRIVE.match(name):
        raise InvalidContent(f"Entry {name!r} has an absolute path")
    parts = [part for part in unicodedata.normalize("NFC", name).split("/") if part not in {"", "."}]
    if ".." in parts:
        raise InvalidContent(f"Entry {name!r} leaves the folder of the archive ('..')")
    if not parts:
        raise InvalidContent(f"Entry {name!r} has no name")
    if any(len(part.encode()) > MAX_COMPONENT for part in parts):
        raise InvalidContent(f"Entry {name[:80]!r}… has a component of more than {MAX_COMPONENT} bytes")
    if sum(len(part.encode()) + 1 for part in parts) > MAX_NAME:
        raise InvalidContent(f"Entry {name[:80]!r}… has a name of more than {MAX_NAME} bytes")
    return PurePosixPath(*parts)


def _check_characters(name: str) -> None:
    for character in name:
        category = unicodedata.category(character)
        if category == "Cs":
            raise InvalidContent(f"Entry {name[:80]!r} has a name that is not valid UTF-8")
        if category == "Cc" or character in _DIRECTION_CONTROLS:
            raise InvalidContent(f"Entry {name[:80]!r} has a control character ({character!r}) in its name")
        if character == "\\":
            raise InvalidContent(f"Entry {name[:80]!r} has a backslash in its name, '/' separates folders")
