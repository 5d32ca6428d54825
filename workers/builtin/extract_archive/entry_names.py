"""Which names of entries are accepted."""

from pathlib import PurePosixPath

from workers.builtin.extract_archive.budget import Budget
from workers.builtin.relative_paths import safe_path
from workers.sdk import InvalidContent


class EntryNames:
    """The names accepted so far; refuses what is unsafe, repeated or both file and folder."""

    def __init__(self, *, budget: Budget) -> None:
        self._budget = budget
        self._files: set[PurePosixPath] = set()
        self._folders: set[PurePosixPath] = set()

    def accept_file(self, name: str) -> PurePosixPath:
        """Return the safe relative path of a file.

        Raises:
            InvalidContent: the name is unsafe, repeated, or names a folder of the same archive; or the names
                need more folders than there may be entries.
        """
        path = safe_path(name, what="Entry")
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
            InvalidContent: the name is unsafe, or names a file of the same archive; or the names need more
                folders than there may be entries.
        """
        if set(name) <= {".", "/"} and ".." not in name and not name.startswith("/"):
            return  # "./", the root of the archive itself
        self._add_folders(safe_path(name, what="Entry"), name=name)

    def _add_folders(self, folder: PurePosixPath, *, name: str) -> None:
        for ancestor in (folder, *folder.parents):
            if ancestor in self._files:
                raise InvalidContent(f"Entry {name!r} needs the folder '{ancestor}', which is also a file")
            self._folders.add(ancestor)
        self._budget.check_count(len(self._folders))
