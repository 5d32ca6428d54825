"""End executions before they end by themselves: row first, then the engine, which tells the fleet."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db.models import Q

from regards_processing.kernel.audit.services import Actor, Deed, record, record_all
from regards_processing.kernel.db.transactions import transaction, transaction_required
from regards_processing.kernel.errors import DomainError
from regards_processing.kernel.tenancy.models import Tenant
from regards_processing.processing.models import Batch, Execution
from regards_processing.processing.models.execution import digest_of
from regards_processing.processing.queries import UnknownExecution, locked_executions
from regards_processing.processing.services.admission import release
from regards_processing.processing.services.endings import (
    CANCELLED_WITH_BATCH,
    ExecutionEnded,
    finish,
)
from regards_processing.processing.states import ExecutionStatus
from regards_processing.processing.steps import Outcome
from worker_manager.services.cancellation import withdraw_requests

_EVERYBODY: Final = "the platform watches the executions of every tenant"
#: Batches that were cancelled longer ago are not looked after: what is left of them runs out of time.
_LOOKED_AFTER: Final = timedelta(days=7)


class UnknownBatch(DomainError):
    """There is no such batch."""

    code = "UNKNOWN_BATCH"
    http_status = 404

    def __init__(self, batch_id: UUID) -> None:
        super().__init__(f"There is no batch {batch_id}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionNames:
    """Which executions are meant: by id, or by what their order calls them within some batches."""

    ids: Collection[UUID] = ()
    batch_ids: Collection[UUID] = ()
    correlation_ids: Collection[str] = ()

    def condition(self) -> Q:
        """Return the condition on `Execution`; the tenant is not part of it."""
        digests = [digest_of(each) for each in self.correlation_ids]
        of_batches = Q(batch_id__in=list(self.batch_ids), correlation_digest__in=digests)
        return Q(pk__in=list(self.ids)) | of_batches


@transaction
def cancel_execution(*, tenant: Tenant, execution_id: UUID, actor: Actor, at: datetime) -> None:
    """Cancel an execution; whoever ordered it hears of it at once.

    Raises:
        UnknownExecution: the tenant has none of this id.
        ExecutionEnded: it has ended, and its result has been sent.
    """
    found = Execution.objects.for_tenant(tenant).filter(pk=execution_id)
    execution = found.select_related("tenant").without_files().locked().first()
    if execution is None:
        raise UnknownExecution(execution_id)
    if execution.deadline_at is None:
        raise ExecutionEnded(f"Execution {execution_id} has ended in {execution.status}")
    _cancel(tenant, [execution], actor, at)


def cancel_batch(*, tenant: Tenant, batch_id: UUID, actor: Actor, at: datetime) -> int:
    """Cancel a batch: its open executions, page by page, and those that are ordered later; return how many.

    Whoever ordered it hears of each execution. To cancel it again does what may be left to do.

    Raises:
        UnknownBatch: the tenant has none of this id.
    """
    _mark_cancelled(tenant, batch_id, actor, at)
    outcome = Outcome(status=ExecutionStatus.CANCELLED, message=f"Cancelled by {actor.name}, with its batch")
    cancelled = 0
    while page := _cancel_page(tenant, batch_id, outcome, at):
        cancelled += page
    return cancelled


def end_cancelled(*, at: datetime) -> int:
    """Cancel what was ordered while its batch was being cancelled, page by page; return how many."""
    cancelled = Batch.objects.across_tenants(because=_EVERYBODY).filter(cancelled_at__gt=at - _LOOKED_AFTER)
    # In the order of their index.
    rest = found = cancelled.order_by("pk").values_list("pk", flat=True)
    ended = 0
    while batches := list(rest[: settings.SWEEP_PAGE]):
        while page := _end_cancelled_page(batches, at):
            ended += page
        rest = found.filter(pk__gt=batches[-1])
    return ended


@transaction
def cancel_ordered(*, tenant: Tenant, executions: ExecutionNames, actor: Actor, at: datetime) -> int:
    """Cancel those executions that have not ended, by their ids or by what their order calls them.

    Orders that are being stored are waited for: whoever cancels one that was sent before means it.
    """
    _wait_for_orders(tenant, executions.batch_ids)
    found = Execution.objects.for_tenant(tenant).filter(executions.condition()).awaited()
    return _cancel(tenant, list(found.select_related("tenant").without_files().locked()), actor, at)


def _wait_for_orders(tenant: Tenant, batch_ids: Collection[UUID]) -> None:
    """Let no execution be stored for some batches meanwhile: each of those keeps its batch."""
    batches = Batch.objects.for_tenant(tenant).filter(pk__in=list(batch_ids)).order_by("pk")
    list(batches.select_for_update().values_list("pk"))


@transaction
def _mark_cancelled(tenant: Tenant, batch_id: UUID, actor: Actor, at: datetime) -> None:
    # Locked so that no execution is being stored for it meanwhile: each of those keeps its batch.
    batch = Batch.objects.for_tenant(tenant).filter(pk=batch_id).select_for_update().first()
    if batch is None:
        raise UnknownBatch(batch_id)
    if batch.cancelled_at is None:
        Batch.objects.for_tenant(tenant).filter(pk=batch_id).update(cancelled_at=at)
        details = {"batch": batch.correlation_id, "process": str(batch.process_id)}
        target = str(batch_id)
        record(
            actor=actor, tenant=tenant.name, action="batch.cancelled", target=target, details=details, at=at
        )


@transaction
def _cancel_page(tenant: Tenant, batch_id: UUID, outcome: Outcome, at: datetime) -> int:
    found = Execution.objects.for_tenant(tenant).open().filter(batch_id=batch_id)
    page = list(found.select_related("tenant").without_files().locked()[: settings.SWEEP_PAGE])
    end_early(ended=[(execution, outcome) for execution in page], at=at)
    return len(page)


@transaction
def _end_cancelled_page(batches: Sequence[UUID], at: datetime) -> int:
    late = (
        Execution.objects.across_tenants(because=_EVERYBODY).open().filter(batch__in=batches, retry_of=None)
    )
    ids = list(late.values_list("pk", flat=True)[: settings.SWEEP_PAGE])
    page = locked_executions(ids=ids, skip_locked=True)
    end_early(ended=[(execution, CANCELLED_WITH_BATCH) for execution in page], at=at)
    return len(page)


def end_early(*, ended: Sequence[tuple[Execution, Outcome]], at: datetime) -> None:
    """End locked executions, and withdraw their requests; needs an open transaction."""
    transaction_required()
    finish(ended=ended, at=at)
    # Before `release`, as answers have it: rows of requests first, then the locks of places.
    withdraw_requests(requests=[(execution.tenant, str(execution.pk)) for execution, _ in ended], at=at)
    release(processes={(execution.tenant_id, execution.process_id) for execution, _ in ended}, at=at)


def _cancel(tenant: Tenant, executions: Sequence[Execution], actor: Actor, at: datetime) -> int:
    outcome = Outcome(status=ExecutionStatus.CANCELLED, message=f"Cancelled by {actor.name}")
    end_early(ended=[(execution, outcome) for execution in executions], at=at)
    deeds = [
        Deed(
            target=str(execution.pk),
            details={"process": execution.process_name, "batch": execution.batch_correlation_id},
        )
        for execution in executions
    ]
    record_all(actor=actor, tenant=tenant.name, action="execution.cancelled", deeds=deeds, at=at)
    return len(executions)
