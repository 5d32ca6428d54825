"""Order executions: each is a request to the engine."""

import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

from django.conf import settings

from regards_processing.kernel.amqp import topology
from regards_processing.kernel.db import rows
from regards_processing.kernel.db.transactions import transaction
from regards_processing.kernel.tenancy.models import Tenant
from regards_processing.processing import queries
from regards_processing.processing.events.execution_requested import ExecutionRequested
from regards_processing.processing.execution_order import CONTENT_TYPE, order_of
from regards_processing.processing.models import Batch, Execution
from regards_processing.processing.plugin_checks import values_of, with_overrides
from regards_processing.processing.sensitive import opened
from regards_processing.processing.services.catalogue import OfferedProcess, offered_processes_of
from regards_processing.processing.services.fleet_tokens import sealed_token
from regards_processing.processing.services.outcomes import finish
from regards_processing.processing.states import ExecutionStatus
from regards_processing.processing.steps import Outcome, Step
from worker_manager.events.request_submitted import RequestSubmitted
from worker_manager.services.dropped import Dropped
from worker_manager.services.submission import submit_requests
from workers.processes.registry import plugins

log = logging.getLogger(__name__)

_COLUMNS: Final = {
    "id": "id",
    "tenant": "tenant_id",
    "batch": "batch_id",
    "correlation_id": "correlation_id",
    "correlation_digest": "correlation_digest",
    "batch_correlation_id": "batch_correlation_id",
    "process_id": "process_id",
    "process_name": "process_name",
    "process_info": "process_info",
    "user_email": "user_email",
    "status": "status",
    "steps": "steps",
    "input_files": "input_files",
    "expected_duration": "expected_duration",
    "created": "created",
    "last_updated": "last_updated",
    "deadline_at": "deadline_at",
    "log": "log",
}


@dataclass(slots=True)
class _Bulk:
    """What a bulk of orders comes to."""

    at: datetime
    dropped: list[Dropped] = field(default_factory=list)
    created: list[Execution] = field(default_factory=list)
    submissions: list[RequestSubmitted] = field(default_factory=list)
    #: Executions that no fleet is asked to carry out, and why.
    failed: list[tuple[Execution, str]] = field(default_factory=list)


@transaction
def order_executions(*, orders: Sequence[ExecutionRequested], at: datetime) -> list[Dropped]:
    """Store executions and submit them to the engine; return the orders that nothing could be made of.

    An order of a batch that exists always gets a result: one that cannot be carried out fails at once. An
    order that is delivered again while its execution is open changes nothing.
    """
    tenants = {tenant.name: tenant for tenant in _tenants(orders)}
    batches = _batches(orders, tenants)
    known = _open_orders(batches)
    offers = _offers(batches)
    bulk = _Bulk(at=at)
    for position, order in enumerate(orders):
        batch = batches.get((order.tenant, order.batch_id))
        if batch is None:
            bulk.dropped.append(Dropped(position, f"Batch uuid not found: {order.batch_id}"))
            continue
        key = (batch.pk, _digest(order.correlation_id))
        if key not in known:
            known.add(key)
            _order(order, batch, offers, bulk)
    stored = _store(bulk.created)
    submissions = [each for each in bulk.submissions if UUID(each.request_id) in stored]
    submit_requests(submissions=submissions, at=at, max_bytes=settings.MESSAGE_MAX_BYTES)
    failed = [(each, Outcome.failure(reason)) for each, reason in bulk.failed if each.pk in stored]
    finish(ended=failed, at=at)
    log.info(
        "executions ordered",
        extra={
            "action": "execution.ordered",
            "executions": len(stored),
            "failed": len(failed),
            "dropped": len(bulk.dropped),
        },
    )
    return bulk.dropped


def _store(executions: Sequence[Execution]) -> set[UUID]:
    """Insert executions but those that another manager has ordered meanwhile; return what was inserted."""
    values = [[getattr(each, attribute) for attribute in _COLUMNS.values()] for each in executions]
    inserted = rows.insert_new(model=Execution, columns=list(_COLUMNS), rows=values, returning=("id",))
    return {UUID(str(pk)) for (pk,) in inserted}


def _order(
    order: ExecutionRequested,
    batch: Batch,
    offers: Mapping[tuple[int, UUID], OfferedProcess],
    bulk: _Bulk,
) -> None:
    offer = offers.get((batch.tenant_id, batch.process_id))
    execution = _execution(order, batch, offer, bulk.at)
    bulk.created.append(execution)
    if offer is None:
        bulk.failed.append((execution, f"Process {batch.process_id} was deleted, or cannot be ordered now"))
    elif order.input_files is None:
        bulk.failed.append((execution, "inputFiles is missing"))
    else:
        _submit(execution, batch, offer, bulk)


def _submit(execution: Execution, batch: Batch, offer: OfferedProcess, bulk: _Bulk) -> None:
    known = plugins()
    values = opened(values=offer.process.plugin, plugins=known)
    plugin = known[values.plugin_id]
    values, faults = with_overrides(stored=values, plugin=plugin, given=batch.parameters)
    if faults:
        bulk.failed.append((execution, "; ".join(fault.text for fault in faults)))
        return
    parameters = values_of(stored=values, plugin=plugin)
    content = order_of(
        execution_id=execution.pk,
        batch_id=batch.pk,
        batch_correlation_id=batch.correlation_id,
        plugin_id=values.plugin_id,
        plugin_version=plugin.metadata.version,
        parameters=parameters,
        profile=offer.profile,
        input_files=execution.input_files,
        time_limit=time_limit(execution.expected_duration),
        user=batch.user_email,
        sealed_token=sealed_token(
            batch=batch, input_files=execution.input_files, parameters=parameters, at=bulk.at
        ),
    )
    if len(content) > settings.MESSAGE_MAX_BYTES:
        reason = f"The order has {len(content)} bytes, the limit is {settings.MESSAGE_MAX_BYTES}"
        bulk.failed.append((execution, reason))
        return
    bulk.submissions.append(
        RequestSubmitted(
            tenant=batch.tenant.name,
            request_id=str(execution.pk),
            owner=topology.PROCESSING_OWNER,
            session=batch.correlation_id[:255],
            content_type=CONTENT_TYPE,
            content=content,
        )
    )


def time_limit(expected_duration: int) -> float:
    """Return how many seconds an execution may work that is expected to take so many milliseconds."""
    allowed = expected_duration / 1000 * settings.EXECUTION_TIMEOUT_FACTOR
    return max(float(settings.EXECUTION_TIMEOUT_FLOOR), allowed)


def _execution(
    order: ExecutionRequested, batch: Batch, offer: OfferedProcess | None, at: datetime
) -> Execution:
    files = [dict(file) for file in order.input_files or ()]
    size = sum(file["bytes"] for file in files if isinstance(file.get("bytes"), int))
    registered = Step(status=ExecutionStatus.REGISTERED, at=at)
    execution = Execution(
        pk=uuid4(),
        tenant=batch.tenant,
        batch=batch,
        correlation_id=order.correlation_id,
        correlation_digest=_digest(order.correlation_id),
        batch_correlation_id=batch.correlation_id,
        process_id=batch.process_id,
        user_email=batch.user_email,
        status=registered.status,
        steps=[registered.to_json()],
        input_files=files,
        created=at,
        last_updated=at,
        deadline_at=at + timedelta(seconds=settings.EXECUTION_START_TIMEOUT),
    )
    if offer is not None:
        execution.process_name = offer.process.plugin.label
        execution.process_info = offer.profile.to_info(
            tenant=batch.tenant.name, role=offer.process.rights.role
        )
        # Bounded: a forecast of years for each byte is no number that a database stores.
        execution.expected_duration = min(offer.profile.duration_forecast.expected(size), 2**62)
    return execution


def _tenants(orders: Sequence[ExecutionRequested]) -> list[Tenant]:
    return list(Tenant.objects.active().filter(name__in={order.tenant for order in orders}))


def _batches(
    orders: Sequence[ExecutionRequested], tenants: Mapping[str, Tenant]
) -> dict[tuple[str, UUID], Batch]:
    found = Batch.objects.of_tenants(list(tenants.values())).filter(
        pk__in={order.batch_id for order in orders}
    )
    return {(batch.tenant.name, batch.pk): batch for batch in found.select_related("tenant")}


def _open_orders(batches: Mapping[tuple[str, UUID], Batch]) -> set[tuple[UUID, str]]:
    """Return the open executions of these batches, by batch and digest of the correlation id."""
    tenants = {batch.tenant_id for batch in batches.values()}
    found = Execution.objects.of_tenants(tenants).open().filter(batch__in=list(batches.values()))
    return set(found.values_list("batch_id", "correlation_digest"))


def _offers(batches: Mapping[tuple[str, UUID], Batch]) -> dict[tuple[int, UUID], OfferedProcess]:
    wanted: dict[Tenant, set[UUID]] = {}
    for batch in batches.values():
        wanted.setdefault(batch.tenant, set()).add(batch.process_id)
    return {
        (tenant.pk, offer.process.process_id): offer
        for tenant, process_ids in wanted.items()
        for offer in offered_processes_of(
            tenant=tenant, configured=queries.processes(tenant=tenant, process_id__in=process_ids)
        )
    }


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
