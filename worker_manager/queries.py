"""Reads that span models. Each function is a constant number of statements, however big the bulk."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db.models import Count, Q

from regards_processing.kernel.tenancy.models import Tenant, TenantSetting
from worker_manager.models import InputContentType, Request, WorkerInstance, Workflow
from worker_manager.workflow_plan import Plan
from workers.contract.heartbeat import Protocol

#: Tenant setting: content types whose requests are refused.
SKIPPED_CONTENT_TYPES: Final = "skipContentTypes"

PlanKey = tuple[int, str]


@dataclass(frozen=True, slots=True)
class LiveType:
    """A worker type that somebody serves."""

    instances: int
    #: Every instance takes Celery task messages.
    all_celery: bool


LiveTypes = Mapping[str, LiveType]


def active_tenants(*, names: Collection[str]) -> dict[str, int]:
    """Return the keys of the active tenants among ``names``."""
    return dict(Tenant.objects.active().filter(name__in=set(names)).values_list("name", "pk"))


def live_types(*, at: datetime) -> LiveTypes:
    """Return the worker types that are alive, by the stored heartbeats."""
    since = at - timedelta(seconds=settings.HEARTBEAT_EXPIRY)
    beating = WorkerInstance.objects.alive(since=since).order_by().values_list("worker_type")
    counts = beating.annotate(instances=Count("pk"), celery=Count("pk", filter=Q(protocol=Protocol.CELERY)))
    return {
        worker_type: LiveType(instances, instances == celery) for worker_type, instances, celery in counts
    }


def plans(
    *, tenant_ids: Collection[int], content_types: Collection[str] | None = None
) -> dict[PlanKey, Plan]:
    """Return the plan of each configured content type, workflow types included; ``None`` asks for all."""
    inputs = InputContentType.objects.filter(tenant__in=tenant_ids)
    workflows = Workflow.objects.filter(tenant__in=tenant_ids)
    if content_types is not None:
        inputs = inputs.filter(content_type__in=content_types)
        workflows = workflows.filter(workflow_type__in=content_types)
    found = {
        (tenant, name): Plan.workflow(workflow_type=name, steps=steps, keep_errors=keep)
        for tenant, name, steps, keep in workflows.values_list(
            "tenant", "workflow_type", "steps", "keep_errors"
        )
    }
    columns = ("tenant", "content_type", "worker_type__worker_type", "worker_type__keep_errors")
    for tenant, content_type, worker_type, keep in inputs.values_list(*columns):
        found[tenant, content_type] = Plan.single(worker_type=worker_type, keep_errors=keep)
    return found


def skipped_content_types(*, tenant_ids: Collection[int]) -> dict[int, frozenset[str]]:
    """Return the content types that each tenant refuses."""
    rows = TenantSetting.objects.filter(tenant__in=tenant_ids, name=SKIPPED_CONTENT_TYPES)
    return {tenant: frozenset(value) for tenant, value in rows.values_list("tenant", "value")}


def waiting_for(*, live: LiveTypes, configured: Mapping[PlanKey, Plan]) -> Q:
    """Return the condition of waiting requests that somebody could take now.

    A request that was dispatched before follows its own plan; one that never was, today's configuration.
    """
    condition = Q(attempt__gt=0, step_worker_type__in=list(live))
    startable: dict[int, list[str]] = {}
    for (tenant_id, content_type), plan in configured.items():
        if plan.first.worker_type in live:
            startable.setdefault(tenant_id, []).append(content_type)
    for tenant_id, content_types in startable.items():
        condition |= Q(attempt=0, tenant=tenant_id, content_type__in=content_types)
    return condition


def bodies(*, requests: Collection[Request]) -> dict[int, bytes]:
    """Return the payload of the current step of each request, by primary key."""
    rows = Request.objects.filter(pk__in=[request.pk for request in requests])
    return {
        pk: bytes(original if content is None else content)
        for pk, content, original in rows.values_list("pk", "content", "original_content")
    }
