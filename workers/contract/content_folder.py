"""Where stored contents of a request lie in the shared storage, for fleets and managers alike.

Note: what a reference can open.
    A file is named by the attempt that made it and the digest of what it holds, in the folder of its request,
    in that of its tenant. Tenant and request come from the row of the manager, or from the dispatch that a
    worker got, never from the reference. Links are not followed, and what was read must have the size and the
    digest of the reference: whoever changes a file makes it worthless.
"""

import hashlib
import os
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from workers.contract.folder_names import folder_name
from workers.contract.stored_content import StoredContent
from workers.contract.whole_file import write_whole

#: Folder of the shared storage. No tenant's folder is called so, and no request of a tenant reaches it.
FOLDER: Final = ".contents"
#: Fleets and managers that run as different users share a group.
_MODE: Final = 0o660


class ContentLost(Exception):
    """A stored content cannot be had any more: its file is gone, unreadable, or not what was stored."""

    code = "CONTENT_LOST"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentFolder:
    """The stored contents of one request."""

    storage: Path
    tenant: str
    #: Technical id of the request: another one for each, also when a client uses its own id again.
    request: int

    @classmethod
    def of_dispatch(cls, dispatch_id: str, *, storage: Path, tenant: str) -> Self:
        """Return the folder of the request that a dispatch, ``<technical id>:<step>:<attempt>``, is of."""
        return cls(storage=storage, tenant=tenant, request=int(dispatch_id.partition(":")[0]))

    @property
    def path(self) -> Path:
        """Return the folder."""
        return self.storage / self._relative

    def place(self, content: StoredContent) -> str:
        """Return where a content lies, from the shared storage on."""
        return str(self._relative / content.name)

    def keep(self, content: bytes, *, attempt: int) -> StoredContent:
        """Store what a dispatch made, and return its reference; it is on the disk when this returns.

        Raises:
            OSError: it cannot be written.
        """
        stored = StoredContent.of(content, attempt=attempt)
        write_whole(self.path / stored.name, content, mode=_MODE)
        return stored

    def load(self, content: StoredContent) -> bytes:
        """Return a stored content.

        Raises:
            ContentLost: it is gone, cannot be read, or is not what was stored.
        """
        path = self.path / content.name
        try:
            if path.resolve() != self.storage.resolve() / self._relative / content.name:
                raise self._lost(content, "is a link, or in a folder that is one")
            # Whatever lies there in its place must not keep us waiting.
            handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            try:
                read = self._read(handle, content)
            finally:
                os.close(handle)
        except FileNotFoundError as error:
            raise self._lost(content, "is gone") from error
        except OSError as error:
            raise self._lost(content, f"cannot be read ({error.strerror})") from error
        if hashlib.sha256(read).hexdigest() != content.sha256:
            raise self._lost(content, "was altered: it has another digest now")
        return read

    def _read(self, handle: int, content: StoredContent) -> bytes:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise self._lost(content, "is no regular file")
        if found.st_size != content.size:
            raise self._lost(content, f"has {found.st_size} bytes now")
        with os.fdopen(handle, "rb", closefd=False) as file:
            return file.read(content.size)

    def remove(self, content: StoredContent) -> bool:
        """Remove a content; tell whether it is gone."""
        try:
            (self.path / content.name).unlink(missing_ok=True)
        except OSError:
            return False
        return True

    def _lost(self, content: StoredContent, why: str) -> ContentLost:
        return ContentLost(
            f"The content of the step is lost: {self.place(content)} in the shared storage, stored with "
            f"{content.size} bytes, {why}. A retry from the first step makes it anew."
        )

    @property
    def _relative(self) -> Path:
        return Path(FOLDER, folder_name(self.tenant), str(self.request))


def remove_folder(path: Path) -> bool:
    """Remove the folder of a request that needs none of its contents any more; tell whether it is gone."""
    shutil.rmtree(path, ignore_errors=True)
    return not path.exists()
