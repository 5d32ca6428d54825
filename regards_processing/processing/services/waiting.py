"""Say why an execution that has not ended waits."""

from datetime import datetime
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db.models import Q

from regards_processing.kernel.explanations import Explained, Reason
from regards_processing.kernel.tenancy.models import Tenant
from regards_processing.processing.models import Execution
from regards_processing.processing.queries import UnknownExecution
from regards_processing.processing.services.admission import limits_of, places_taken
from regards_processing.processing.services.endings import ExecutionEnded
from regards_processing.processing.services.outcomes import is_uuid
from worker_manager.reasons import ReasonCode
from worker_manager.services.explanation import explained as explained_by_engine

#: The execution waits for a place among those of its process.
PROCESS_LIMIT: Final = "PROCESS_LIMIT"
#: Its request has ended; the answer is on its way.
AWAITING_ANSWER: Final = "AWAITING_ANSWER"
#: Executions before it are counted no further.
_MOST_AHEAD: Final = 10_000


def explained(*, tenant: Tenant, subject: str, at: datetime) -> Explained | None:
    """Return why an execution waits; nothing for what is none, or has ended."""
    if not is_uuid(subject):
        return None
    try:
        return explain_execution(tenant=tenant, execution_id=UUID(subject), at=at)
    except (UnknownExecution, ExecutionEnded):
        return None


def explain_execution(*, tenant: Tenant, execution_id: UUID, at: datetime) -> Explained:
    """Return why an execution waits: for a place, or what the engine says of its request.

    Raises:
        UnknownExecution: the tenant has none of this id.
        ExecutionEnded: it waits for nothing any more.
    """
    found = Execution.objects.for_tenant(tenant).filter(pk=execution_id)
    execution = found.defer("input_files", "log").first()
    if execution is None:
        raise UnknownExecution(execution_id)
    if execution.deadline_at is None:
        raise ExecutionEnded(f"Execution {execution_id} has ended in {execution.status}")
    subject = str(execution_id)
    if execution.held:
        reason = _for_a_place(execution) if tenant.active else _for_its_tenant(tenant)
        return Explained(subject=subject, status=execution.status, reasons=[reason])
    by_engine = explained_by_engine(tenant=tenant, subject=subject, at=at)
    reasons = by_engine.reasons if by_engine else [_for_the_answer()]
    return Explained(subject=subject, status=execution.status, reasons=reasons)


def _for_a_place(execution: Execution) -> Reason:
    key = (execution.tenant_id, execution.process_id)
    limit = limits_of(processes=[key]).get(key, 0)
    taken = places_taken(processes=[key])[key]
    ahead = _ahead(execution)
    text = (
        f"Process {execution.process_name} lets {limit} executions be with fleets at once: {taken} are, "
        f"and {ahead} more go before this one"
    )
    facts = {"process": str(execution.process_id), "limit": limit, "withFleets": taken, "ahead": ahead}
    return {"code": PROCESS_LIMIT, "text": text, "facts": facts}


def _for_its_tenant(tenant: Tenant) -> Reason:
    text = f"Tenant {tenant.name} is not active: its executions get no places"
    return {"code": ReasonCode.TENANT_INACTIVE.value, "text": text, "facts": {"tenant": tenant.name}}


def _ahead(execution: Execution) -> int:
    held = Execution.objects.of_tenants([execution.tenant_id]).filter(
        process_id=execution.process_id, held=True
    )
    same_time = Q(created=execution.created, pk__lt=execution.pk)
    return held.filter(Q(created__lt=execution.created) | same_time)[:_MOST_AHEAD].count()


def _for_the_answer() -> Reason:
    text = (
        "Its request has ended, or was deleted: the answer is applied, or a sweep ends it "
        f"{settings.EXECUTION_TIMEOUT_GRACE} s later"
    )
    return {"code": AWAITING_ANSWER, "text": text, "facts": {}}
