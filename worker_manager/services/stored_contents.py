"""Note which files hold contents of requests, and remove those that nobody needs any more.

Note: who removes what.
    A content that a request takes over is noted in the same transaction (`KeptContent`). A sweep compares
    what is noted with what requests and branches need now: the rest goes, and with a request that has left
    the table its whole folder. So nothing is done about files where requests move, end, or are deleted.
    What was never noted (a worker stored it, and its answer did not count) goes with the folder, or is found
    by a second sweep, which looks at the folders themselves. An attempt's files are its own, so none comes
    back that was removed. Both sweeps may run anywhere, and several times at once.
"""

import logging
import math
import os
import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Final

from django.conf import settings

from regards_processing.kernel.db import rows
from regards_processing.kernel.tenancy.visibility import seeing_every_tenant
from worker_manager.contents import Contents
from worker_manager.models import Branch, KeptContent, Request
from workers.contract.content_folder import FOLDER, ContentFolder, remove_folder
from workers.contract.stored_content import StoredContent

log = logging.getLogger(__name__)

_EVERYBODY: Final = "files of all tenants are swept together"
_COLUMNS: Final = ("tenant", "request_key", "attempt", "sha256", "size", "stored_at")
#: Seconds after which the folder of a request that is gone is nobody's.
_ORPHAN_AGE: Final = 86_400
#: How folders of requests are called: by technical ids.
_KEY: Final = re.compile(r"[1-9][0-9]{0,17}")


def note(*, contents: Contents, at: datetime) -> None:
    """Note the contents that a bulk took over; one statement if there are any."""
    noted = [
        (request.tenant_id, request.pk, stored.attempt, stored.sha256, stored.size, at)
        for request, stored in contents.taken_over
    ]
    if noted:
        rows.insert(model=KeptContent, columns=_COLUMNS, rows=noted)


@seeing_every_tenant()
def remove_unneeded() -> int:
    """Remove the files that no request needs any more, page by page; return how many were noted."""
    if not _root().is_dir():
        # Nothing was ever stored, or not where this process looks.
        return 0
    removed, after = 0, 0
    noted = KeptContent.objects.across_tenants(because=_EVERYBODY).select_related("tenant").order_by("pk")
    while page := list(noted.filter(pk__gt=after)[: settings.SWEEP_PAGE]):
        removed += _remove_page(page)
        after = page[-1].pk
    return removed


def _remove_page(page: Sequence[KeptContent]) -> int:
    needed = _needed({row.request_key for row in page})
    unneeded = [row for row in page if row.content not in needed.get(row.request_key, ())]
    removed = [row.pk for row in unneeded if _removed(row, whole=row.request_key not in needed)]
    if len(removed) < len(unneeded):
        left = len(unneeded) - len(removed)
        log.warning("contents cannot be removed", extra={"action": "content.left", "contents": left})
    if removed:
        rows.delete(model=KeptContent, keys=removed)
    return len(removed)


def _needed(keys: Collection[int]) -> Mapping[int, Collection[StoredContent]]:
    """Return what each request that is still there, and its branches, have; two statements."""
    requests = Request.objects.across_tenants(because=_EVERYBODY).filter(pk__in=keys)
    needed: dict[int, set[StoredContent]] = defaultdict(set)
    for key, stored in requests.values_list("pk", "stored_content"):
        needed[key] |= {StoredContent.from_json(stored)} if stored is not None else set()
    branches = Branch.objects.across_tenants(because=_EVERYBODY).filter(request__in=list(needed))
    made = branches.filter(stored_content__isnull=False).values_list("request_id", "stored_content")
    for key, stored in made:
        needed[key].add(StoredContent.from_json(stored))
    return needed


def _removed(row: KeptContent, *, whole: bool) -> bool:
    folder = ContentFolder(
        storage=Path(settings.SHARED_STORAGE), tenant=row.tenant.name, request=row.request_key
    )
    return remove_folder(folder.path) if whole else folder.remove(row.content)


@seeing_every_tenant()
def remove_orphans(*, at: datetime) -> int:
    """Remove folders, older than a day, of requests that are gone; return how many."""
    removed = 0
    folders = _old_folders(before=at.timestamp() - _ORPHAN_AGE)
    while page := list(islice(folders, settings.SWEEP_PAGE)):
        keys = [int(folder.name) for folder in page]
        there = Request.objects.across_tenants(because=_EVERYBODY).filter(pk__in=keys)
        known = set(there.values_list("pk", flat=True))
        removed += sum(remove_folder(folder) for folder in page if int(folder.name) not in known)
    if removed:
        log.info("orphaned contents removed", extra={"action": "content.orphaned", "folders": removed})
    return removed


def _old_folders(*, before: float) -> Iterator[Path]:
    """Yield the folders of requests in which nothing was made or removed since; a Unix time."""
    for tenant in _folders_in(_root()):
        for folder in _folders_in(tenant):
            if _KEY.fullmatch(folder.name) and _changed_at(folder) < before:
                yield Path(folder)


def _changed_at(folder: "os.DirEntry[str]") -> float:
    try:
        return folder.stat(follow_symlinks=False).st_mtime
    except FileNotFoundError:
        # Another sweep was faster.
        return math.inf


def _folders_in(parent: "Path | os.DirEntry[str]") -> "list[os.DirEntry[str]]":
    try:
        with os.scandir(parent) as entries:
            return [entry for entry in entries if entry.is_dir(follow_symlinks=False)]
    except FileNotFoundError:
        return []


def _root() -> Path:
    return Path(settings.SHARED_STORAGE, FOLDER)
