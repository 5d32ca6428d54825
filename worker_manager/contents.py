"""The contents that one bulk reads; and those that are stored, which it makes and takes over."""

import logging
from pathlib import Path

from django.conf import settings

from regards_processing.kernel.tenancy.models import Tenant
from worker_manager.models import Request
from workers.contract.content_folder import ContentFolder
from workers.contract.stored_content import Content, StoredContent

log = logging.getLogger(__name__)


class Contents:
    """Reads stored contents for clients, and for workers that do not read them themselves.

    Nothing is looked up and no file is touched before there is one. Bytes that are read from rows are counted
    with those of files: together they are in the bulk's memory, and in its messages.
    """

    def __init__(self) -> None:
        #: Those that requests have now, with their requests: to be noted with the bulk.
        self.taken_over: list[tuple[Request, StoredContent]] = []
        self._read = 0
        self._tenants: dict[int, str] = {}

    def has_room(self, size: int) -> bool:
        """Tell whether what could wait may be read with this bulk, by its bytes; the first one always may."""
        return not size or not self._read or self._read + size <= settings.BULK_MAX_BYTES

    @property
    def is_full(self) -> bool:
        """Whether the bulk reads as much as it may, and nothing should be added that reads more."""
        return self._read >= settings.BULK_MAX_BYTES

    def count(self, size: int) -> None:
        """Count a content that the bulk reads from a row, by its bytes."""
        self._read += size

    def read(self, *, request: Request, content: StoredContent) -> bytes:
        """Return a content of a request, or of a branch.

        Raises:
            ContentLost: it cannot be had any more.
        """
        self.count(content.size)
        return self._folder(request).load(content)

    def bytes_of(self, *, request: Request, content: Content) -> bytes:
        """Return a content, read if it is stored.

        Raises:
            ContentLost: it cannot be had any more.
        """
        return self.read(request=request, content=content) if isinstance(content, StoredContent) else content

    def take_over(self, *, request: Request, content: StoredContent) -> None:
        """Note that a file is a content of a request now: it goes when the request needs it no longer."""
        self.taken_over.append((request, content))

    def keep(self, *, request: Request, content: bytes) -> Content:
        """Store what the manager has made for the next step of a request; what cannot be stored stays."""
        try:
            stored = self._folder(request).keep(content, attempt=request.attempt)
        except OSError as error:
            facts = {"action": "content.not_stored", "request_id": request.request_id}
            log.warning("content stays in its row, it cannot be stored: %s", error, extra=facts)
            return content
        self.take_over(request=request, content=stored)
        return stored

    def _folder(self, request: Request) -> ContentFolder:
        if request.tenant_id not in self._tenants:
            # All of them: one statement a bulk, whoever is concerned.
            self._tenants = dict(Tenant.objects.values_list("pk", "name"))
        return folder_of(request, tenant=self._tenants[request.tenant_id])


def folder_of(request: Request, *, tenant: str) -> ContentFolder:
    """Return where the stored contents of a request of this tenant are."""
    return ContentFolder(storage=Path(settings.SHARED_STORAGE), tenant=tenant, request=request.pk)
