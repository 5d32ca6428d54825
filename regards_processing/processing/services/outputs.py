"""Output files, and batches, that are not needed any more."""

import logging
from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit
from uuid import UUID

from django.conf import settings
from django.db.models import Exists, OuterRef, Q

from regards_processing.kernel.db.transactions import transaction, transaction_required
from regards_processing.kernel.errors import DomainError
from regards_processing.kernel.parts import done_together
from regards_processing.kernel.tenancy.models import Tenant
from regards_processing.kernel.tenancy.scope import TenantScopedQuerySet
from regards_processing.processing.events.outputs_downloaded import OutputsDownloaded
from regards_processing.processing.models import Batch, Execution, OutputFile
from regards_processing.processing.services import unneeded_folders
from regards_processing.processing.services.tryouts import is_coming, is_try_out

log = logging.getLogger(__name__)

_EVERYBODY: Final = "the platform cleans up for every tenant"
_THESE: Final = "these very batches are meant"
_ENDED: Final = Q(deadline_at__isnull=True)


class BatchesInUse(DomainError):
    """Executions of the batches have not ended."""

    code = "BATCHES_IN_USE"
    http_status = 409


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


def clean_up(*, at: datetime) -> int:
    """Delete what has been downloaded, forget old batches, and remove the folders of what was dropped.

    Return how many. A part that fails leaves the others: it is tried again with the next clean-up.
    """
    parts = (
        partial(delete_downloaded),
        partial(forget_batches, at=at),
        partial(unneeded_folders.remove_unneeded, spared=partial(is_coming, at=at)),
    )
    return done_together(parts, action="clean_up.failed")


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
    batches = Batch.objects.across_tenants(because=_EVERYBODY).all()
    return forget_quiet(batches=batches, before=at - timedelta(seconds=settings.BATCH_KEPT))


def forget_quiet(*, batches: TenantScopedQuerySet[Batch], before: datetime) -> int:
    """Drop those of some batches to which nothing happened since, page by page; return how many.

    Each page is a transaction of its own. Batches of which executions have not ended stay.
    """
    forgotten, ended = 0, _ENDED & Q(last_updated__lt=before)
    while page := _quiet_batches(batches, before):
        # Where one of them was ordered of meanwhile, the next page is without it.
        with suppress(BatchesInUse):
            forgotten += _drop(page, ended)
    return forgotten


def drop_batches(*, batches: TenantScopedQuerySet[Batch]) -> int:
    """Drop batches with their executions; return how many. Needs an open transaction.

    Their folders of the storage go with the next sweep.

    Raises:
        BatchesInUse: an execution of them has not ended.
    """
    transaction_required()
    dropped = 0
    while page := list(batches.order_by("pk").values_list("pk", flat=True)[: settings.SWEEP_PAGE]):
        dropped += _drop(page, _ENDED)
    return dropped


@transaction
def _drop(page: Collection[UUID], ended: Q) -> int:
    executions = Execution.objects.across_tenants(because=_THESE).filter(batch__in=page)
    # Executions before their batches, as whoever tries one again locks them.
    over = executions.filter(ended).order_by("pk").select_for_update()
    folders = [(tenant, str(pk)) for tenant, pk in over.values_list("tenant_id", "pk")]
    # Locked so that no execution is being ordered of them: each order keeps its batch until it is stored.
    batches = Batch.objects.across_tenants(because=_THESE).filter(pk__in=page)
    locked = list(batches.order_by("pk").select_for_update().values_list("tenant_id", "correlation_id"))
    if executions.count() > len(folders):
        raise BatchesInUse
    tried = [(tenant, correlation_id) for tenant, correlation_id in locked if is_try_out(correlation_id)]
    unneeded_folders.note(folders=[*folders, *tried])
    batches.only("pk").delete()
    log.info("batches dropped", extra={"action": "batch.dropped", "batches": len(locked)})
    return len(locked)


def _quiet_batches(batches: TenantScopedQuerySet[Batch], before: datetime) -> list[UUID]:
    executions = Execution.objects.across_tenants(because=_THESE).filter(batch=OuterRef("pk"))
    recent = executions.filter(Q(deadline_at__isnull=False) | Q(last_updated__gte=before))
    quiet = batches.filter(created__lt=before).filter(~Exists(recent)).order_by("created")
    return list(quiet.values_list("pk", flat=True)[: settings.SWEEP_PAGE])


def _downloaded_page(*, after: UUID | None) -> list[OutputFile]:
    files = OutputFile.objects.across_tenants(because=_EVERYBODY).filter(downloaded=True, deleted=False)
    rest = files.filter(pk__gt=after) if after else files
    return list(rest.order_by("pk")[: settings.SWEEP_PAGE])


def _remove(url: str) -> bool:
    """Remove a file of the shared storage, and its folder when it was the last; say whether it is gone."""
    storage = settings.SHARED_STORAGE.resolve()
    try:
        path = Path(unquote(urlsplit(url).path))
        real = path.resolve()
        if not real.is_relative_to(storage):
            log.error("output file outside the storage", extra={"action": "output.outside", "url": url})
            return False
        _unlink(path, tenant_folder=storage.joinpath(*real.relative_to(storage).parts[:1]))
    # What is no path, or a link to itself, raises errors of other kinds.
    except (OSError, RuntimeError, ValueError) as error:
        log.warning(
            "output file cannot be deleted",
            extra={"action": "output.kept", "url": url, "reason": str(error)},
        )
        return False
    with suppress(OSError):
        # It may hold files of other outputs: then it stays.
        path.parent.rmdir()
    return True


def _unlink(path: Path, *, tenant_folder: Path) -> None:
    """Remove a file, if it is there.

    Raises:
        OSError: it cannot be removed, or its tenant has no folder, which the fleet made and nobody removes.
    """
    if not tenant_folder.exists():
        raise FileNotFoundError(f"{tenant_folder} is not there, as where the shared storage is not mounted")
    path.unlink(missing_ok=True)
