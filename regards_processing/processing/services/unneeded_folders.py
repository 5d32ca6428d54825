"""Remove folders of the shared storage that nobody needs any more.

Note: rows first, folders later.
    Whoever drops an execution notes its folder in the same transaction. A sweep removes what is noted, again
    until it works, and only then forgets it: whichever process dies, and whatever the storage refuses
    meanwhile, no folder is left behind. A folder is named by its tenant and its execution, never by a URL,
    which a fleet wrote; so all attempts go with it, also those whose answers did not count.
"""

import logging
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Final

from django.conf import settings

from regards_processing.kernel.db import rows
from regards_processing.kernel.db.transactions import transaction_required
from regards_processing.kernel.tenancy.models import Tenant
from regards_processing.processing.models import UnneededFolder
from workers.contract.content_folder import remove_folder
from workers.contract.folder_names import folder_name

log = logging.getLogger(__name__)

_EVERYBODY: Final = "the platform cleans up for every tenant"
_COLUMNS: Final = ("tenant", "name")


def note(*, folders: Collection[tuple[int, str]]) -> None:
    """Note folders that are to be removed, by keys of tenants and names; needs an open transaction."""
    transaction_required()
    if folders:
        rows.insert(model=UnneededFolder, columns=_COLUMNS, rows=list(folders))


def forget(*, tenant: Tenant, name: str) -> None:
    """Forget that a folder was to be removed: it is needed."""
    UnneededFolder.objects.for_tenant(tenant).filter(name=name).delete()


def remove_unneeded(*, spared: Callable[[Path], bool] = lambda _folder: False) -> int:
    """Remove the folders that are noted, page by page; return how many. What stays is tried again later.

    Args:
        spared: says of a folder that it is still being filled, and stays.
    """
    storage: Path = settings.SHARED_STORAGE.resolve()
    noted = UnneededFolder.objects.across_tenants(because=_EVERYBODY).select_related("tenant").order_by("pk")
    if not _holds_something(storage):
        # Nothing was ever stored, or not where this process looks: what is not there now may come back.
        if noted.exists():
            log.warning(
                "the shared storage is empty or not there, no folder is removed",
                extra={"action": "storage.empty", "folder": str(storage)},
            )
        return 0
    removed, after = 0, 0
    while page := list(noted.filter(pk__gt=after)[: settings.SWEEP_PAGE]):
        gone = [row.pk for row in page if not spared(place := _place(row, storage)) and _is_gone(place)]
        if gone:
            rows.delete(model=UnneededFolder, keys=gone)
        removed += len(gone)
        after = page[-1].pk
    return removed


def _holds_something(storage: Path) -> bool:
    try:
        return any(storage.iterdir())
    except OSError:
        return False


def _place(row: UnneededFolder, storage: Path) -> Path:
    return storage / folder_name(row.tenant.name) / folder_name(row.name)


def _is_gone(folder: Path) -> bool:
    """Remove a folder; say whether it is gone. Links that lead elsewhere are not followed."""
    if folder.parent.resolve() == folder.parent and remove_folder(folder):
        return True
    log.warning(
        "folder of an execution cannot be removed", extra={"action": "folder.kept", "folder": str(folder)}
    )
    return False
