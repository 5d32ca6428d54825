"""Cancel what messages name."""

from collections.abc import Sequence
from datetime import datetime

from regards_processing.kernel.audit.models import Origin
from regards_processing.kernel.audit.services import Actor
from regards_processing.kernel.tenancy.models import Tenant
from regards_processing.processing.events.cancellation_requested import CancellationRequested
from regards_processing.processing.services.cancellation import (
    ExecutionNames,
    UnknownBatch,
    cancel_batch,
    cancel_ordered,
)
from worker_manager.services.dropped import Dropped


def cancel_requested(*, requested: Sequence[CancellationRequested], at: datetime) -> list[Dropped]:
    """Cancel batches and executions, each event by itself; return the events that name an unknown batch.

    Executions that have ended, or that there are not, are passed over: an event that comes twice does nothing
    the second time. The other things that a dropped event names are cancelled all the same.
    """
    found = Tenant.objects.active().filter(name__in={event.tenant for event in requested})
    tenants = {tenant.name: tenant for tenant in found}
    dropped = []
    for position, event in enumerate(requested):
        tenant = tenants.get(event.tenant)
        reason = _cancel(tenant, event, at) if tenant else f"There is no active tenant {event.tenant}"
        if reason:
            dropped.append(Dropped(position, reason))
    return dropped


def _cancel(tenant: Tenant, event: CancellationRequested, at: datetime) -> str:
    """Cancel what an event names; return what is wrong with it, or nothing."""
    actor = Actor(name=event.by, origin=Origin.MESSAGE)
    named = ExecutionNames(
        ids=event.execution_ids, batch_ids=event.batch_ids, correlation_ids=event.correlation_ids
    )
    cancel_ordered(tenant=tenant, executions=named, actor=actor, at=at)
    unknown = []
    for batch_id in () if event.correlation_ids else event.batch_ids:
        try:
            cancel_batch(tenant=tenant, batch_id=batch_id, actor=actor, at=at)
        except UnknownBatch as error:
            unknown.append(str(error))
    return "; ".join(unknown)
