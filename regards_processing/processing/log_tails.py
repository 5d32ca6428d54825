"""The last lines that the program of an execution wrote, also while it runs."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from regards_processing.kernel.tenancy.models import Tenant
from regards_processing.processing.models import Execution
from regards_processing.processing.queries import UnknownExecution
from regards_processing.processing.states import OPEN
from worker_manager.services.progress import Progress, progress_of
from workers.processes.spoken import divided


@dataclass(frozen=True, slots=True, kw_only=True)
class LogTail:
    """What is known of a log: its last lines, and no more."""

    lines: tuple[str, ...]
    #: When they were told.
    at: datetime
    #: Whether the program still runs, so that others may follow.
    is_live: bool


def log_tail(*, tenant: Tenant, execution_id: UUID) -> LogTail:
    """Return the last lines of an execution: told by its fleet or kept; two statements at most.

    Raises:
        UnknownExecution: the tenant has none of this id.
    """
    found = Execution.objects.for_tenant(tenant).filter(pk=execution_id)
    execution: Execution | None = found.order_by("pk").first()
    if execution is None:
        raise UnknownExecution(execution_id)
    if execution.status not in OPEN:
        return LogTail(lines=tuple(execution.log), at=execution.last_updated, is_live=False)
    sign = progress_of(tenant=tenant, request_id=str(execution_id))
    lines = _lines(sign, execution_id)
    if sign is not None and lines:
        return LogTail(lines=lines, at=sign.at, is_live=True)
    return LogTail(lines=tuple(execution.log), at=execution.last_updated, is_live=sign is not None)


def _lines(sign: Progress | None, execution_id: UUID) -> tuple[str, ...]:
    """Return the lines that a fleet told last, without the steps among them."""
    _, lines = divided(sign.message or "" if sign else "", execution_id=str(execution_id))
    return tuple(lines)
