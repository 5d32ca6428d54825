"""Order executions: each is a request to the engine."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

from django.conf import settings

from regards_processing.kernel.audit.models import Origin
from regards_processing.kernel.db import rows
from regards_processing.kernel.db.transactions import transaction
from regards_processing.kernel.tenancy.models import Tenant
from regards_processing.processing.events.execution_requested import ExecutionRequested
from regards_processing.processing.models import Batch, Execution
from regards_processing.processing.models.execution import digest_of
from regards_processing.processing.queries import OrderKey, ended_orders, keep_batches, open_orders
from regards_processing.processing.quota import Allowance, Allowances
from regards_processing.processing.services import quotas
from regards_processing.processing.services.admission import limits_of, release
from regards_processing.processing.services.catalogue import OfferedProcess, ProcessKey, offers_of
from regards_processing.processing.services.endings import CANCELLED_WITH_BATCH, finish
from regards_processing.processing.services.last_known import KnownProcess, process_of
from regards_processing.processing.services.submissions import (
    CannotBeCarriedOut,
    start_deadline,
    submission_of,
)
from regards_processing.processing.states import ExecutionStatus
from regards_processing.processing.steps import Outcome, Step
from worker_manager.events.request_submitted import RequestSubmitted
from worker_manager.services.dropped import Dropped
from worker_manager.services.submission import submit_requests

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
    "input_bytes": "input_bytes",
    "expected_duration": "expected_duration",
    "expected_size": "expected_size",
    "created": "created",
    "last_updated": "last_updated",
    "deadline_at": "deadline_at",
    "log": "log",
    "held": "held",
    "retry_of": "retry_of",
}
#: A forecast of years for each byte, or files of impossible sizes: what a database stores ends here.
_MOST: Final = 2**62


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What the database knows of the batches of a bulk."""

    batches: Mapping[tuple[str, UUID], Batch]
    offers: Mapping[ProcessKey, OfferedProcess]
    #: By batch, the processes that cannot be ordered.
    others: Mapping[UUID, KnownProcess]
    limits: Mapping[ProcessKey, int]
    allowances: Allowances


@dataclass(slots=True)
class _Bulk:
    """What a bulk of orders comes to."""

    at: datetime
    dropped: list[Dropped] = field(default_factory=list)
    created: list[Execution] = field(default_factory=list)
    submissions: list[RequestSubmitted] = field(default_factory=list)
    #: Executions that no fleet is asked to carry out, and how they end.
    ended: list[tuple[Execution, Outcome]] = field(default_factory=list)


@transaction
def order_executions(*, orders: Sequence[ExecutionRequested], at: datetime) -> list[Dropped]:
    """Store executions and submit them to the engine; return the orders that nothing could be made of.

    An order of a batch that exists always gets a result: one that cannot be carried out, or that breaks a
    quota, fails at once, and one of a cancelled batch is cancelled. Executions of a process with a limit wait
    until they have a place. An order that comes again while its execution is open changes nothing,
    nor does one that the broker delivers again when it has ended within `REDELIVERED_WITHIN`.
    """
    known = _read(orders, at)
    taken = _known_orders(orders, known.batches, at)
    bulk = _Bulk(at=at)
    for position, order in enumerate(orders):
        batch = known.batches.get((order.tenant, order.batch_id))
        if batch is None:
            bulk.dropped.append(Dropped(position, f"Batch uuid not found: {order.batch_id}"))
            continue
        key = (batch.pk, digest_of(order.correlation_id))
        if key not in taken:
            taken.add(key)
            _order(order, batch, known, bulk)
    stored = _store(bulk.created)
    ended = [(execution, outcome) for execution, outcome in bulk.ended if execution.pk in stored]
    finish(ended=ended, at=at)
    release(processes=set(known.limits), at=at)
    submissions = [each for each in bulk.submissions if UUID(each.request_id) in stored]
    if submissions:
        submit_requests(
            submissions=submissions, at=at, max_bytes=settings.MESSAGE_MAX_BYTES, origin=Origin.PLATFORM
        )
    log.info(
        "executions ordered",
        extra={
            "action": "execution.ordered",
            "executions": len(stored),
            "ended": len(ended),
            "dropped": len(bulk.dropped),
        },
    )
    return bulk.dropped


def _store(executions: Sequence[Execution]) -> set[UUID]:
    """Insert executions but those that another manager has ordered meanwhile; return what was inserted."""
    values = [[getattr(each, attribute) for attribute in _COLUMNS.values()] for each in executions]
    inserted = rows.insert_new(model=Execution, columns=list(_COLUMNS), rows=values, returning=("id",))
    return {UUID(str(pk)) for (pk,) in inserted}


def _order(order: ExecutionRequested, batch: Batch, known: _Known, bulk: _Bulk) -> None:
    key = (batch.tenant_id, batch.process_id)
    offer = known.offers.get(key)
    execution = _execution(order, batch, bulk.at)
    if offer is None:
        process = known.others[batch.pk]
        execution.process_name, execution.process_info = process.name, process.info
    else:
        _promise(execution, offer)
    bulk.created.append(execution)
    if batch.cancelled_at and order.retry_of is None:
        bulk.ended.append((execution, CANCELLED_WITH_BATCH))
        return
    try:
        submission = submission_of(execution=execution, batch=batch, offer=offer, at=bulk.at)
    except CannotBeCarriedOut as refusal:
        bulk.ended.append((execution, Outcome.failure(str(refusal))))
        return
    violations = _violations(order, execution, known.allowances)
    if violations:
        bulk.ended.append((execution, Outcome.failure(" ".join(violations))))
    elif key in known.limits:
        execution.held = True
    else:
        bulk.submissions.append(submission)


def _violations(order: ExecutionRequested, execution: Execution, allowances: Allowances) -> list[str]:
    """Return what forbids an execution; what is allowed counts from now on."""
    if order.files_fault:
        return [order.files_fault]
    allowance = allowances.get(execution.tenant_id) or Allowance()
    return allowance.take(user=execution.user_email, executions=1, size=execution.input_bytes)


def _execution(order: ExecutionRequested, batch: Batch, at: datetime) -> Execution:
    files = [dict(file) for file in order.input_files]
    size = sum(file["bytes"] for file in files if isinstance(file.get("bytes"), int) and file["bytes"] > 0)
    registered = Step(status=ExecutionStatus.REGISTERED, at=at)
    return Execution(
        pk=uuid4(),
        tenant=batch.tenant,
        batch=batch,
        correlation_id=order.correlation_id,
        correlation_digest=digest_of(order.correlation_id),
        batch_correlation_id=batch.correlation_id,
        process_id=batch.process_id,
        user_email=batch.user_email,
        status=registered.status,
        steps=[registered.to_json()],
        input_files=files,
        input_bytes=min(size, _MOST),
        created=at,
        last_updated=at,
        deadline_at=start_deadline(at),
        retry_of=order.retry_of,
    )


def _promise(execution: Execution, offer: OfferedProcess) -> None:
    """Fill in what the process of an execution is called and promises."""
    execution.process_name, execution.process_info = offer.name, offer.info_for(execution.tenant.name)
    size = execution.input_bytes
    execution.expected_duration = min(offer.profile.duration_forecast.expected(size), _MOST)
    execution.expected_size = min(offer.profile.size_forecast.expected(size), _MOST)


def _read(orders: Sequence[ExecutionRequested], at: datetime) -> _Known:
    names = {order.tenant for order in orders}
    tenants = list(Tenant.objects.active().filter(name__in=names))
    batches = _batches(orders, tenants)
    users: dict[Tenant, set[str]] = {}
    wanted: dict[Tenant, set[UUID]] = {}
    for batch in batches.values():
        users.setdefault(batch.tenant, set()).add(batch.user_email)
        wanted.setdefault(batch.tenant, set()).add(batch.process_id)
    offers = offers_of(wanted=wanted)
    others = [each for each in batches.values() if (each.tenant_id, each.process_id) not in offers]
    return _Known(
        batches=batches,
        offers=offers,
        others={batch.pk: process_of(batch) for batch in others},
        limits=limits_of(processes={(batch.tenant_id, batch.process_id) for batch in batches.values()}),
        allowances=quotas.allowances(users=users, at=at),
    )


def _batches(
    orders: Sequence[ExecutionRequested], tenants: Sequence[Tenant]
) -> dict[tuple[str, UUID], Batch]:
    ids = {order.batch_id for order in orders}
    # Kept first, then read: one that was dropped or cancelled meanwhile is seen so.
    keep_batches(tenants=tenants, ids=ids)
    found = Batch.objects.of_tenants(tenants).filter(pk__in=ids)
    return {(batch.tenant.name, batch.pk): batch for batch in found.select_related("tenant")}


def _known_orders(
    orders: Sequence[ExecutionRequested], batches: Mapping[tuple[str, UUID], Batch], at: datetime
) -> set[OrderKey]:
    """Return which of these orders have an open execution or, delivered again, one that ended lately."""
    keys = [
        ((batches[key].pk, digest_of(order.correlation_id)), order.redelivered)
        for order in orders
        if (key := (order.tenant, order.batch_id)) in batches
    ]
    return open_orders(orders={key for key, _ in keys}) | ended_orders(
        orders={key for key, redelivered in keys if redelivered},
        since=at - timedelta(seconds=settings.REDELIVERED_WITHIN),
    )
