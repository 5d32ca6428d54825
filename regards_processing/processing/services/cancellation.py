"""End executions before they end by themselves: row first, then the engine, which tells the fleet."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from regards_processing.kernel.audit.services import Actor, record
from regards_processing.kernel.db.transactions import transaction, transaction_required
from regards_processing.kernel.errors import DomainError
from regards_processing.kernel.tenancy.models import Tenant
from regards_processing.processing.models import Execution
from regards_processing.processing.queries import UnknownExecution
from regards_processing.processing.services.outcomes import finish
from regards_processing.processing.states import ExecutionStatus
from regards_processing.processing.steps import Outcome
from worker_manager.services.cancellation import withdraw_requests


class ExecutionEnded(DomainError):
    """The execution has ended."""

    code = "EXECUTION_ENDED"
    http_status = 409


@transaction
def cancel_execution(*, tenant: Tenant, execution_id: UUID, actor: Actor, at: datetime) -> None:
    """Cancel an execution; whoever ordered it hears of it at once.

    Raises:
        UnknownExecution: the tenant has none of this id.
        ExecutionEnded: it has ended, and its result has been sent.
    """
    found = Execution.objects.for_tenant(tenant).filter(pk=execution_id)
    execution = found.select_related("tenant").locked().first()
    if execution is None:
        raise UnknownExecution(execution_id)
    if execution.deadline_at is None:
        raise ExecutionEnded(f"Execution {execution_id} has ended in {execution.status}")
    outcome = Outcome(status=ExecutionStatus.CANCELLED, message=f"Cancelled by {actor.name}")
    end_early(ended=[(execution, outcome)], at=at)
    record(
        actor=actor,
        tenant=tenant.name,
        action="execution.cancelled",
        target=str(execution_id),
        details={"process": execution.process_name, "batch": execution.batch_correlation_id},
        at=at,
    )


def end_early(*, ended: Sequence[tuple[Execution, Outcome]], at: datetime) -> None:
    """End locked executions, and withdraw their requests; needs an open transaction."""
    transaction_required()
    finish(ended=ended, at=at)
    for tenant, request_ids in _by_tenant(ended).items():
        withdraw_requests(tenant=tenant, request_ids=request_ids, at=at)


def _by_tenant(ended: Sequence[tuple[Execution, Outcome]]) -> Mapping[Tenant, list[str]]:
    found: dict[Tenant, list[str]] = {}
    for execution, _ in ended:
        found.setdefault(execution.tenant, []).append(str(execution.pk))
    return found
