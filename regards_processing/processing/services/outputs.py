"""Output files that are not needed any more."""

import logging
from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from urllib.parse import unquote, urlsplit
from uuid import UUID

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet

from regards_processing.kernel.db.transactions import after_commit, transaction, transaction_required
from regards_processing.kernel.tenancy.models import Tenant
from regards_processing.processing.events.outputs_downloaded import OutputsDownloaded
from regards_processing.processing.models import Batch, Execution, OutputFile
from regards_processing.processing.services.tryouts import forget_files

log = logging.getLogger(__name__)

_EVERYBODY = "the platform cleans up for every tenant"


@transaction
def note_downloads(*, downloads: Sequence[OutputsDownloaded]) -> None:
    """Remember which output files have been fetched; URLs of none are passed over."""
    urls: dict[str, set[str]] = {}
    for download in downloads:
        urls.setdefault(download.tenant, set()).update(download.urls)
    for tenant in Tenant.objects.filter(name__in=urls):
        named = iter(urls[tenant.name])
        while page := list(islice(named, settings.SWEEP_PAGE)):
            files = OutputFile.objects.for_tenant(tenant).filter(url__in=page, downloaded=False)
            files.update(downloaded=True)


def delete_downloaded() -> int:
    """Delete the files that have been fetched; return how many. What stays is tried again later."""
    deleted, last = 0, None
    while page := _downloaded_page(after=last):
        gone = [output.pk for output in page if _remove(output.url)]
        files = OutputFile.objects.across_tenants(because=_EVERYBODY)
        deleted += files.filter(pk__in=gone).update(deleted=True)
        last = page[-1].pk
    return deleted


def forget_batches(*, at: datetime) -> int:
    """Drop old batches, all of whose executions have ended long ago, with their files; return how many."""
    forgotten = 0
    while page := _old_batches(before=at - timedelta(seconds=settings.BATCH_KEPT)):
        forgotten += _forget(page)
    return forgotten


def drop_batches(*, batches: QuerySet[Batch]) -> int:
    """Drop batches with their executions; their files go once that is committed; return how many."""
    transaction_required()
    left = OutputFile.objects.across_tenants(because="the batches say whose they are").filter(
        execution__batch__in=batches, deleted=False
    )
    urls = list(left.values_list("url", flat=True))
    dropped = list(batches.values_list("tenant__name", "correlation_id"))
    batches.delete()
    after_commit(partial(_remove_files, urls, dropped))
    log.info("batches dropped", extra={"action": "batch.dropped", "batches": len(dropped)})
    return len(dropped)


@transaction
def _forget(page: Collection[UUID]) -> int:
    return drop_batches(batches=Batch.objects.across_tenants(because=_EVERYBODY).filter(pk__in=page))


def _remove_files(urls: Sequence[str], batches: Sequence[tuple[str, str]]) -> None:
    for url in urls:
        _remove(url)
    for tenant, correlation_id in batches:
        forget_files(tenant=tenant, correlation_id=correlation_id)


def _old_batches(*, before: datetime) -> list[UUID]:
    old = Batch.objects.across_tenants(because=_EVERYBODY).filter(created__lt=before)
    executions = Execution.objects.across_tenants(because=_EVERYBODY).filter(batch=OuterRef("pk"))
    recent = executions.filter(Q(deadline_at__isnull=False) | Q(last_updated__gte=before))
    quiet = old.filter(~Exists(recent)).order_by("created").values_list("pk", flat=True)
    return list(quiet[: settings.SWEEP_PAGE])


def _downloaded_page(*, after: UUID | None) -> list[OutputFile]:
    files = OutputFile.objects.across_tenants(because=_EVERYBODY).filter(downloaded=True, deleted=False)
    rest = files.filter(pk__gt=after) if after else files
    return list(rest.order_by("pk")[: settings.SWEEP_PAGE])


def _remove(url: str) -> bool:
    """Remove a file of the shared storage, and its folder when it was the last; say whether it is gone."""
    path = Path(unquote(urlsplit(url).path))
    storage = settings.SHARED_STORAGE.resolve()
    if not path.resolve().is_relative_to(storage):
        log.error("output file outside the storage", extra={"action": "output.outside", "url": url})
        return False
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        log.warning(
            "output file cannot be deleted",
            extra={"action": "output.kept", "url": url, "reason": str(error)},
        )
        return False
    with suppress(OSError):
        # It may hold files of other outputs: then it stays.
        path.parent.rmdir()
    return True
