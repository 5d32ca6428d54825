"""Which files a request may read, write or delete, and how content names them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self
from urllib.parse import unquote, urlsplit

from workers.builtin.storage_layout import tenant_folder
from workers.sdk import InvalidContent, WorkContext, WorkRequest

#: Longest accepted URL or path, in characters (the system's own limit for paths).
MAX_REFERENCE: Final = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class FileAccess:
    """The folders that are open to one request: the configured roots and its own tenant's storage."""

    roots: tuple[Path, ...]
    storage: Path
    own_storage: Path
    #: What the request may do there, and the variable that names the roots, for messages.
    purpose: str = "read"
    setting: str = "REGARDS_FILE_ROOTS"

    @classmethod
    def of(
        cls,
        *,
        request: WorkRequest,
        context: WorkContext,
        roots: Sequence[Path] | None = None,
        purpose: str = "read",
        setting: str = "REGARDS_FILE_ROOTS",
    ) -> Self:
        """Build the access rights of a request; ``roots`` are those for reading unless others are given."""
        storage = context.storage.resolve()
        return cls(
            roots=tuple(root.resolve() for root in (context.file_roots if roots is None else roots)),
            storage=storage,
            own_storage=storage / tenant_folder(request.tenant),
            purpose=purpose,
            setting=setting,
        )

    def locate(self, reference: object, *, field: str) -> Path:
        """Return the existing regular file that a ``file:`` URL or absolute path names, links resolved.

        Raises:
            InvalidContent: it is no such reference, no regular file, or outside the readable folders.
        """
        resolved = _resolved(_absolute_path(reference, field=field), reference, field=field)
        self._check(resolved, reference, field=field)
        try:
            regular = resolved.is_file()
        except OSError as error:
            raise InvalidContent(f"{field}: {reference!r} cannot be read: {error.strerror}") from error
        if not regular:
            raise InvalidContent(f"{field}: {reference!r} does not exist or is not a regular file")
        return resolved

    def place(self, reference: object, *, field: str) -> Path:
        """Return where a ``file:`` URL or absolute path points, whether or not something is there.

        Links among its folders are resolved; a link at the place itself is not followed.

        Raises:
            InvalidContent: it is no such reference, names no file, or is outside the open folders.
        """
        path = _absolute_path(reference, field=field)
        if path.name in {"", ".."}:
            raise InvalidContent(f"{field}: {reference!r} names no file")
        place = _resolved(path.parent, reference, field=field) / path.name
        self._check(place, reference, field=field)
        return place

    def _check(self, path: Path, reference: object, *, field: str) -> None:
        if not self._is_open(path):
            # The same words whether the file exists or not: existence outside the roots is nobody's business.
            # The storage as a whole is no root: only the tenant's own folder of it is open.
            roots = ", ".join(str(root) for root in self.roots if root != self.storage) or "none"
            raise InvalidContent(
                f"{field}: {reference!r} is outside the folders this worker may {self.purpose}: "
                f"the tenant's own folder of the shared storage, {self.own_storage}, "
                f"and those of {self.setting} ({roots})"
            )

    def _is_open(self, path: Path) -> bool:
        if path.is_relative_to(self.own_storage):
            return True
        # A root above the storage must not open the other tenants' folders; a root inside it is a decision.
        roots = [root for root in self.roots if path.is_relative_to(root)]
        if path.is_relative_to(self.storage):
            return any(root != self.storage and root.is_relative_to(self.storage) for root in roots)
        return bool(roots)


def _resolved(path: Path, reference: object, *, field: str) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError) as error:
        raise InvalidContent(f"{field}: {reference!r} cannot be resolved: {error}") from error


def _absolute_path(reference: object, *, field: str) -> Path:
    if not isinstance(reference, str) or not reference:
        raise InvalidContent(f"{field} must be a file: URL or an absolute path, got {reference!r:.200}")
    if len(reference) > MAX_REFERENCE:
        raise InvalidContent(f"{field} is limited to {MAX_REFERENCE} characters, got {len(reference)}")
    text = (
        _path_of_url(reference, field=field) if "://" in reference or reference[:5] == "file:" else reference
    )
    if "\0" in text:
        raise InvalidContent(f"{field}: {reference!r} holds a NUL character")
    if not text.startswith("/"):
        raise InvalidContent(f"{field}: {reference!r} is relative, an absolute path is expected")
    return Path(text)


def _path_of_url(reference: str, *, field: str) -> str:
    try:
        url = urlsplit(reference)
    except ValueError as error:
        raise InvalidContent(f"{field}: {reference!r} is not a URL: {error}") from error
    if url.scheme != "file":
        raise InvalidContent(f"{field}: {reference!r} has scheme {url.scheme!r}, only file: URLs are taken")
    if url.netloc not in {"", "localhost"}:
        raise InvalidContent(
            f"{field}: {reference!r} names the host {url.netloc!r}, only local files are taken"
        )
    if url.query or url.fragment:
        raise InvalidContent(
            f"{field}: {reference!r} has a query or fragment; escape '?' and '#' as %3F and %23"
        )
    return unquote(url.path)
