"""Which files a request may read, and how content names them."""

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
    """The folders that one request may read: the configured roots and its own tenant's storage."""

    roots: tuple[Path, ...]
    storage: Path
    own_storage: Path

    @classmethod
    def of(cls, *, request: WorkRequest, context: WorkContext) -> Self:
        """Build the access rights of a request."""
        storage = context.storage.resolve()
        return cls(
            roots=tuple(root.resolve() for root in context.file_roots),
            storage=storage,
            own_storage=storage / tenant_folder(request.tenant),
        )

    def locate(self, reference: object, *, field: str) -> Path:
        """Return the existing regular file that a ``file:`` URL or absolute path names, links resolved.

        Raises:
            InvalidContent: it is no such reference, no regular file, or outside the readable folders.
        """
        path = _absolute_path(reference, field=field)
        try:
            resolved = path.resolve()
        except (OSError, RuntimeError) as error:
            raise InvalidContent(f"{field}: {reference!r} cannot be resolved: {error}") from error
        if not self._readable(resolved):
            # The same words whether the file exists or not: existence outside the roots is nobody's business.
            raise InvalidContent(f"{field}: {reference!r} is outside the folders this worker may read")
        try:
            regular = resolved.is_file()
        except OSError as error:
            raise InvalidContent(f"{field}: {reference!r} cannot be read: {error.strerror}") from error
        if not regular:
            raise InvalidContent(f"{field}: {reference!r} does not exist or is not a regular file")
        return resolved

    def _readable(self, path: Path) -> bool:
        if path.is_relative_to(self.own_storage):
            return True
        # A root above the storage must not open the other tenants' folders; a root inside it is a decision.
        roots = [root for root in self.roots if path.is_relative_to(root)]
        if path.is_relative_to(self.storage):
            return any(root != self.storage and root.is_relative_to(self.storage) for root in roots)
        return bool(roots)


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
        raise InvalidContent(f"{field}: {reference!r} has scheme {url.scheme!r}, only file: URLs are read")
    if url.netloc not in {"", "localhost"}:
        raise InvalidContent(
            f"{field}: {reference!r} names the host {url.netloc!r}, only local files are read"
        )
    if url.query or url.fragment:
        raise InvalidContent(
            f"{field}: {reference!r} has a query or fragment; escape '?' and '#' as %3F and %23"
        )
    return unquote(url.path)
