"""Try executions again that ended without success.

Note: a retry is an execution of its own.
    What has ended stays as it is, and so does its result. A new execution of the same batch, with the same
    files and correlation id, is ordered like any other: today's process carries it out, quotas and limits
    hold, and it has one result of its own. Only the newest execution of a correlation id can be tried again,
    so that an order never hears of a failure after a success.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from regards_processing.kernel.audit.services import Actor, Deed, record_all
from regards_processing.kernel.db.transactions import transaction
from regards_processing.kernel.errors import DomainError
from regards_processing.kernel.tenancy.models import Tenant
from regards_processing.processing.events.execution_requested import ExecutionRequested, fault_of
from regards_processing.processing.models import Execution
from regards_processing.processing.queries import UnknownExecution
from regards_processing.processing.services.executions import order_executions
from regards_processing.processing.states import RETRYABLE


class NotRetryable(DomainError):
    """The execution cannot be tried again."""

    code = "NOT_RETRYABLE"
    http_status = 409


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryReport:
    """What became of the order to try executions again."""

    #: The new execution of each that is tried again.
    retried: Mapping[UUID, UUID] = field(default_factory=dict)
    #: Why others are not.
    refused: Mapping[UUID, str] = field(default_factory=dict)


@transaction
def retry_execution(*, tenant: Tenant, execution_id: UUID, actor: Actor, at: datetime) -> UUID:
    """Try an execution again; return the id of the new one.

    Raises:
        UnknownExecution: the tenant has none of this id.
        NotRetryable: it has not ended, ended in SUCCESS, or was tried again before.
    """
    if not Execution.objects.for_tenant(tenant).filter(pk=execution_id).exists():
        raise UnknownExecution(execution_id)
    report = retry_executions(tenant=tenant, execution_ids=[execution_id], actor=actor, at=at)
    if execution_id in report.refused:
        raise NotRetryable(report.refused[execution_id])
    return report.retried[execution_id]


@transaction
def retry_executions(
    *, tenant: Tenant, execution_ids: Collection[UUID], actor: Actor, at: datetime
) -> RetryReport:
    """Try those executions again that can be, in one bulk; say why the others cannot."""
    found = Execution.objects.for_tenant(tenant).filter(pk__in=list(execution_ids))
    executions = {execution.pk: execution for execution in found.defer("log").locked()}
    newest = _newest_of(tenant, executions.values())
    refused = {execution_id: _unknown(execution_id) for execution_id in execution_ids}
    orders: dict[UUID, ExecutionRequested] = {}
    for execution_id, execution in executions.items():
        reason = _reason_against(execution, newest)
        if reason:
            refused[execution_id] = reason
        else:
            orders[execution_id] = _order_again(tenant, execution)
    order_executions(orders=list(orders.values()), at=at)
    made = Execution.objects.for_tenant(tenant).filter(retry_of__in=list(orders))
    retried = {old: new for old, new in made.values_list("retry_of", "pk") if old}
    deeds = [_deed(executions[old], new) for old, new in retried.items()]
    record_all(actor=actor, tenant=tenant.name, action="execution.retried", deeds=deeds, at=at)
    return RetryReport(
        retried=retried, refused={old: text for old, text in refused.items() if old not in retried}
    )


def _newest_of(tenant: Tenant, executions: Collection[Execution]) -> dict[tuple[UUID, str], UUID]:
    """Return the newest execution of each correlation id that some executions have."""
    siblings = Execution.objects.for_tenant(tenant).filter(
        batch__in={execution.batch_id for execution in executions},
        correlation_digest__in={execution.correlation_digest for execution in executions},
    )
    found = siblings.order_by("created", "pk").values_list("batch_id", "correlation_digest", "pk")
    return {(batch_id, digest): pk for batch_id, digest, pk in found}


def _reason_against(execution: Execution, newest: Mapping[tuple[UUID, str], UUID]) -> str:
    if execution.status not in RETRYABLE:
        allowed = ", ".join(sorted(RETRYABLE))
        return f"Execution {execution.pk} is {execution.status}: only those in {allowed} can be tried again"
    latest = newest[execution.batch_id, execution.correlation_digest]
    if latest != execution.pk:
        return f"Execution {execution.pk} was ordered again as {latest}"
    return ""


def _order_again(tenant: Tenant, execution: Execution) -> ExecutionRequested:
    # Without files that could be used it failed for that, and does again; one that has none is another thing.
    message = "" if execution.input_files else str(execution.steps[-1].get("message"))
    return ExecutionRequested(
        tenant=tenant.name,
        batch_id=execution.batch_id,
        correlation_id=execution.correlation_id,
        input_files=tuple(execution.input_files),
        files_fault=fault_of(message=message),
        retry_of=execution.pk,
    )


def _unknown(execution_id: UUID) -> str:
    return f"There is no execution {execution_id} that could be ordered again"


def _deed(execution: Execution, new: UUID) -> Deed:
    details = {"as": str(new), "process": execution.process_name, "batch": execution.batch_correlation_id}
    return Deed(target=str(execution.pk), details=details)
