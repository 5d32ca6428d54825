"""Let executions go to the engine, at most as many of a process at once as it allows.

Note: places.
    An execution of a process with a limit is stored held: REGISTERED, and unknown to the engine. `release`
    gives the free places of processes to those that have been held longest, and is called in each transaction
    that may have freed one: of an order, of an end, of a sweep, which also finds what a raised limit freed.
    A lock of the process lets one transaction at a time count and give, so several managers never give more
    than there are. It is taken after rows of executions, and of requests that are withdrawn, and before
    anything else of the engine is: the engine locks rows first as well, then the places of its worker types.
"""

import logging
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db.models import Count, TextField
from django.db.models.functions import Cast, Length

from regards_processing.kernel.audit.models import Origin
from regards_processing.kernel.db import rows
from regards_processing.kernel.db.locks import one_at_a_time
from regards_processing.kernel.db.transactions import transaction, transaction_required
from regards_processing.kernel.tenancy.models import Tenant
from regards_processing.processing.models import Execution, Process
from regards_processing.processing.services.catalogue import ProcessKey, offers_of
from regards_processing.processing.services.endings import finish
from regards_processing.processing.services.submissions import (
    CannotBeCarriedOut,
    start_deadline,
    submission_of,
)
from regards_processing.processing.steps import Outcome
from worker_manager.events.request_submitted import RequestSubmitted
from worker_manager.services.submission import submit_requests

log = logging.getLogger(__name__)

_EVERYBODY: Final = "the platform gives places to the executions of every tenant"


@dataclass(slots=True)
class _Sorted:
    """Executions that have a place: those that the engine takes, and those that nobody can carry out."""

    submissions: list[RequestSubmitted] = field(default_factory=list)
    going: list[Execution] = field(default_factory=list)
    failed: list[tuple[Execution, Outcome]] = field(default_factory=list)


def limits_of(*, processes: Collection[ProcessKey]) -> dict[ProcessKey, int]:
    """Return the limits of those processes that have one."""
    tenants, ids = {tenant for tenant, _ in processes}, {process for _, process in processes}
    found = Process.objects.of_tenants(tenants).filter(process_id__in=ids, max_concurrent__gt=0)
    limits = {
        (tenant, process): limit
        for tenant, process, limit in found.values_list("tenant_id", "process_id", "max_concurrent")
    }
    return {key: limits[key] for key in processes if key in limits}


def release(*, processes: Collection[ProcessKey], at: datetime) -> int:
    """Give the free places of processes to held executions; return how many were given.

    Needs an open transaction. Gives as many as `BULK_MAX_BYTES` has room for, one at least; sweeps give the
    rest. Processes without a limit are passed over: sweeps look at those.
    """
    transaction_required()
    limits = limits_of(processes=set(processes))
    return _release(limits, at) if limits else 0


def release_all(*, at: datetime) -> int:
    """Give every free place there is, page by page; return how many were given."""
    given = 0
    for key in _holding():
        while page := _release_page(key, at):
            given += page
    return given


@transaction
def _release_page(key: ProcessKey, at: datetime) -> int:
    return _release({key: limits_of(processes=[key]).get(key, 0)}, at)


def _holding() -> list[ProcessKey]:
    # The engine takes nothing of a tenant that is not active: what it holds stays held.
    everything = Execution.objects.across_tenants(because=_EVERYBODY)
    held = everything.filter(held=True, tenant__active=True).order_by()
    return sorted(held.values_list("tenant_id", "process_id").distinct())


def _release(limits: Mapping[ProcessKey, int], at: datetime) -> int:
    one_at_a_time(*(f"executions of {tenant} {process}" for tenant, process in limits))
    chosen = _chosen(limits)
    if not chosen:
        return 0
    found = _sort(_read(chosen), at)
    going = _submit(found, at)
    values = [[execution.pk, False, start_deadline(at)] for execution in going]
    rows.update(model=Execution, columns=("held", "deadline_at"), rows=values)
    finish(ended=found.failed, at=at)
    log.info(
        "executions released",
        extra={
            "action": "execution.released",
            "executions": len(going),
            "failed": len(found.failed),
        },
    )
    return len(going) + len(found.failed)


def _submit(found: _Sorted, at: datetime) -> list[Execution]:
    """Submit executions to the engine; return those that it took. Of a tenant that is not active none is."""
    if not found.submissions:
        return []
    report = submit_requests(
        submissions=found.submissions, at=at, max_bytes=settings.MESSAGE_MAX_BYTES, origin=Origin.PLATFORM
    )
    left = {drop.position for drop in report.unanswered}
    return [execution for position, execution in enumerate(found.going) if position not in left]


def places_taken(*, processes: Collection[ProcessKey]) -> Counter[ProcessKey]:
    """Count the executions of processes that are with the engine."""
    tenants, ids = {tenant for tenant, _ in processes}, {process for _, process in processes}
    found = Execution.objects.of_tenants(tenants).awaited().filter(process_id__in=ids, held=False)
    counts = found.order_by().values_list("tenant_id", "process_id").annotate(count=Count("*"))
    return Counter({(tenant, process): count for tenant, process, count in counts})


def _chosen(limits: Mapping[ProcessKey, int]) -> list[UUID]:
    """Lock the held executions that get the free places, as many as a transaction may read; one at least."""
    taken = places_taken(processes=limits)
    chosen: list[UUID] = []
    room = settings.BULK_MAX_BYTES
    for key, limit in limits.items():
        free = min(limit - taken[key], settings.SWEEP_PAGE) if limit else settings.SWEEP_PAGE
        for pk, size in _held_longest(key, free) if free > 0 else ():
            if chosen and size > room:
                break
            chosen.append(pk)
            room -= size
    return chosen


def _held_longest(key: ProcessKey, most: int) -> list[tuple[UUID, int]]:
    """Lock the first executions that a process holds; return how large the lists of their files are."""
    tenant, process = key
    held = Execution.objects.of_tenants([tenant]).filter(process_id=process, held=True)
    # In the order of the index. What is locked is being ended by somebody else.
    found = held.order_by("created", "pk").select_for_update(skip_locked=True)
    return list(found.values_list("pk", Length(Cast("input_files", TextField())))[:most])


def _read(chosen: Sequence[UUID]) -> list[Execution]:
    known = Execution.objects.across_tenants(because="these very executions were chosen")
    found = known.filter(pk__in=chosen).select_related("tenant", "batch__tenant")
    by_key = {execution.pk: execution for execution in found}
    return [by_key[pk] for pk in chosen]


def _sort(executions: Sequence[Execution], at: datetime) -> _Sorted:
    wanted: dict[Tenant, set[UUID]] = {}
    for execution in executions:
        wanted.setdefault(execution.tenant, set()).add(execution.process_id)
    offers = offers_of(wanted=wanted)
    found = _Sorted()
    for execution in executions:
        offer = offers.get((execution.tenant_id, execution.process_id))
        try:
            submission = submission_of(execution=execution, batch=execution.batch, offer=offer, at=at)
        except CannotBeCarriedOut as refusal:
            found.failed.append((execution, Outcome.failure(str(refusal))))
        else:
            found.submissions.append(submission)
            found.going.append(execution)
    return found
