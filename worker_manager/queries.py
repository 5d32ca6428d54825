"""Reads that span models. Each function is a constant number of statements, however big the bulk."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import connection
from django.db.models import Model, Q

from regards_processing.kernel.db.reads import among, for_update, json_value, select
from worker_manager.models import Request
from worker_manager.policy import Policy
from worker_manager.workflow_plan import Plan
from workers.contract.heartbeat import Protocol

#: Tenant setting: content types whose requests are refused.
SKIPPED_CONTENT_TYPES: Final = "skipContentTypes"
#: Tenant setting: seconds that finished requests are remembered.
HISTORY_KEPT: Final = "historyKeptSeconds"

PlanKey = tuple[int, str]
RequestKey = tuple[int, str]
Digest = tuple[RequestKey, bytes]

_PAYLOADS: Final = frozenset({"content", "original_content"})
_LIGHT_COLUMNS: Final = ", ".join(
    field.column or "" for field in Request._meta.concrete_fields if field.column not in _PAYLOADS
)


@dataclass(frozen=True, slots=True)
class LiveType:
    """A worker type that somebody serves."""

    instances: int
    #: Every instance takes Celery task messages.
    all_celery: bool


LiveTypes = Mapping[str, LiveType]


def active_tenants(*, names: Collection[str]) -> dict[str, int]:
    """Return the keys of the active tenants among ``names``."""
    wanted, parameters = among(set(names))
    return dict(select(f"SELECT name, id FROM regards_tenant WHERE active AND name {wanted}", parameters))  # noqa: S608


def live_types(*, at: datetime) -> LiveTypes:
    """Return the worker types that are alive, by the stored heartbeats."""
    since = at - timedelta(seconds=settings.HEARTBEAT_EXPIRY)
    rows = select(
        "SELECT worker_type, COUNT(*), SUM(CASE WHEN protocol = %s THEN 1 ELSE 0 END) "
        "FROM workermanager_worker_instance WHERE beaten_at > %s GROUP BY worker_type",
        [Protocol.CELERY.value, connection.ops.adapt_datetimefield_value(since)],
    )
    return {worker_type: LiveType(instances, instances == celery) for worker_type, instances, celery in rows}


def plans(
    *, tenant_ids: Collection[int], content_types: Collection[str] | None = None
) -> dict[PlanKey, Plan]:
    """Return the plan of each configured content type, workflow types included; ``None`` asks for all."""
    if not tenant_ids:
        return {}
    tenants, parameters = among(tenant_ids)
    only_tenants = list(parameters)
    workflow_is = input_is = ""
    if content_types is not None:
        wanted, names = among(content_types)
        workflow_is, input_is = f"AND workflow_type {wanted}", f"AND i.content_type {wanted}"
        parameters += names
    workflows = select(
        "SELECT tenant_id, workflow_type, steps, keep_errors FROM workermanager_workflow "  # noqa: S608
        f"WHERE tenant_id {tenants} {workflow_is}",
        parameters,
    )
    # The second part: a workflow may need the policy of any worker type. Few have one.
    inputs = select(
        "SELECT i.tenant_id, i.content_type, w.worker_type, w.keep_errors, w.policy "  # noqa: S608
        "FROM workermanager_input_content_type i JOIN workermanager_worker_type w ON w.id = i.worker_type_id "
        f"WHERE i.tenant_id {tenants} {input_is} "
        "UNION ALL SELECT tenant_id, NULL, worker_type, keep_errors, policy FROM workermanager_worker_type "
        f"WHERE tenant_id {tenants} AND policy IS NOT NULL",
        [*parameters, *only_tenants],
    )
    policies: dict[int, dict[str, Policy]] = {}
    found = {}
    for tenant, content_type, worker_type, keep, stored in inputs:
        policy = Policy.from_json(json_value(stored))
        if content_type is None:
            policies.setdefault(tenant, {})[worker_type] = policy
        else:
            found[tenant, content_type] = Plan.single(
                worker_type=worker_type, keep_errors=bool(keep), policy=policy
            )
    workflow_plans = {
        (tenant, name): Plan.workflow(
            workflow_type=name,
            steps=json_value(steps),
            keep_errors=bool(keep),
            policies=policies.get(tenant),
        )
        for tenant, name, steps, keep in workflows
    }
    # A worker type goes before a workflow of the same name.
    return workflow_plans | found


def skipped_content_types(*, tenant_ids: Collection[int]) -> dict[int, frozenset[str]]:
    """Return the content types that each tenant refuses."""
    tenants, parameters = among(tenant_ids)
    rows = select(
        f"SELECT tenant_id, value FROM regards_tenant_setting WHERE tenant_id {tenants} AND name = %s",  # noqa: S608
        [*parameters, SKIPPED_CONTENT_TYPES],
    )
    return {tenant: frozenset(json_value(value)) for tenant, value in rows}


def digests(*, model: type[Model], tenant_ids: Collection[int], request_ids: Collection[str]) -> list[Digest]:
    """Return the digest of the body of each of these requests that a table (running or finished) has."""
    if not request_ids:
        return []
    tenants, parameters = among(tenant_ids)
    requests, ids = among(request_ids)
    rows = select(
        f"SELECT tenant_id, request_id, digest FROM {model._meta.db_table} "  # noqa: S608
        f"WHERE tenant_id {tenants} AND request_id {requests}",
        [*parameters, *ids],
    )
    return [((tenant_id, request_id), bytes(digest)) for tenant_id, request_id, digest in rows]


def locked_requests(*, tenant_ids: Collection[int], request_ids: Collection[str]) -> list[Request]:
    """Lock requests in the order of their keys and return them without their payloads."""
    tenants, parameters = among(tenant_ids)
    requests, ids = among(request_ids)
    # Payloads are big, and only a new attempt needs them: `bodies` reads those.
    found = Request.objects.raw(
        f"SELECT {_LIGHT_COLUMNS} FROM workermanager_request "  # noqa: S608
        f"WHERE tenant_id {tenants} AND request_id {requests} ORDER BY id {for_update()}",
        [*parameters, *ids],
    )
    return list(found)


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
    found = Request.objects.across_tenants(because="these very requests were read before")
    rows = found.filter(pk__in=[request.pk for request in requests])
    return {
        pk: bytes(original if content is None else content)
        for pk, content, original in rows.values_list("pk", "content", "original_content")
    }
