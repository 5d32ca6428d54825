"""Reads that span models. Each function is a constant number of statements, however big the bulk."""

import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import connection
from django.db.models import Model, Q

from regards_processing.kernel.db.key_pairs import of_pairs
from regards_processing.kernel.db.reads import among, for_update, json_value, select
from regards_processing.kernel.tenancy.models import Tenant
from regards_processing.kernel.tenancy.visibility import seeing_every_tenant
from worker_manager.contents import Contents
from worker_manager.models import FinishedRequest, PauseKind, Request, WorkerType
from worker_manager.models.light_requests import LIGHT_COLUMNS, light_requests
from worker_manager.pauses import Paused, Pauses
from worker_manager.policy import Policy
from worker_manager.session_counters import SUMS, Change, Place
from worker_manager.workflow_plan import Plan
from workers.contract.heartbeat import Protocol

#: Tenant setting: content types whose requests are refused.
SKIPPED_CONTENT_TYPES: Final = "skipContentTypes"
#: Tenant setting: seconds that finished requests are remembered.
HISTORY_KEPT: Final = "historyKeptSeconds"

PlanKey = tuple[int, str]
#: Marks the live worker types among what `live_types` reads.
_LIVE: Final = "LIVE"
RequestKey = tuple[int, str]
#: The columns of a key, and their types in PostgreSQL.
REQUEST_KEY: Final = {"tenant_id": "bigint", "request_id": "text"}
Digest = tuple[RequestKey, bytes]
#: Source and session.
Session = tuple[str, str]
#: Counters of sessions, and how many requests of each are at a place.
SessionCounts = tuple[list[tuple[str, str, Change]], list[tuple[Session, Place, int]]]


@dataclass(frozen=True, slots=True)
class LiveType:
    """A worker type that somebody serves."""

    instances: int
    #: Every instance takes Celery task messages.
    all_celery: bool
    #: Requests that may be in flight; ``None`` is as many as there are.
    limit: int | None = None
    #: The limit was configured: it is never exceeded. One that is made of what fleets state may be, a little.
    configured: bool = False
    #: Every instance takes task messages, and reads stored contents itself.
    reads_stored: bool = False
    #: Its work takes longer than the way to a fleet and back, as all instances say that say it.
    lasts: bool = False


class LiveTypes(dict[str, LiveType]):
    """The worker types that somebody serves, by name, and what is paused; made anew for each bulk."""

    pauses: Pauses = Pauses()

    def __init__(self) -> None:
        super().__init__()
        #: The stored contents that the bulk reads for those who cannot.
        self.contents = Contents()


def active_tenants(*, names: Collection[str]) -> dict[str, int]:
    """Return the keys of the active tenants among ``names``."""
    wanted, parameters = among(set(names))
    return dict(select(f"SELECT name, id FROM regards_tenant WHERE active AND name {wanted}", parameters))  # noqa: S608


def configured_worker_types() -> set[str]:
    """Return the worker types that any tenant has configured."""
    everywhere = WorkerType.objects.across_tenants(because="they share fleets and queues")
    return set(everywhere.order_by().values_list("worker_type", flat=True).distinct())


def live_types(*, at: datetime) -> LiveTypes:
    """Return the worker types that are alive, by the stored heartbeats, what they may get, and the pauses."""
    since = at - timedelta(seconds=settings.HEARTBEAT_EXPIRY)
    # The smallest limit of all tenants holds: they share the fleet.
    with seeing_every_tenant():
        rows = select(
            "SELECT %s, i.worker_type, COUNT(*), SUM(CASE WHEN i.protocol = %s THEN 1 ELSE 0 END), "
            "SUM(CASE WHEN i.stored_contents THEN 1 ELSE 0 END), "
            "SUM(CASE WHEN i.concurrency IS NULL THEN 1 ELSE 0 END), "
            # Of work that lasts little more than what is run: what is ahead of others is ahead in time.
            "SUM(CASE WHEN i.run_seconds >= %s THEN i.concurrency * (1 + %s / i.run_seconds) "
            "ELSE CAST(i.concurrency AS bigint) * (1 + i.prefetch) * %s END), MIN(configured.places), "
            "MIN(i.run_seconds) "
            "FROM workermanager_worker_instance i LEFT JOIN ("
            "SELECT w.worker_type, MIN(w.max_in_flight) AS places FROM workermanager_worker_type w "
            "JOIN regards_tenant t ON t.id = w.tenant_id AND t.active "
            "WHERE w.max_in_flight IS NOT NULL GROUP BY w.worker_type"
            ") AS configured ON configured.worker_type = i.worker_type "
            "WHERE i.beaten_at > %s GROUP BY i.worker_type "
            "UNION ALL SELECT kind, name, tenant_id, NULL, NULL, NULL, NULL, NULL, NULL "
            "FROM workermanager_pause",
            [_LIVE, Protocol.CELERY.value, *_room(), connection.ops.adapt_datetimefield_value(since)],
        )
    live = LiveTypes()
    paused: dict[str, set[Paused]] = {kind: set() for kind in PauseKind}
    for what, name, number, celery, reading, unstated, stated, places, shortest in rows:
        if what == _LIVE:
            live[name] = LiveType(
                number,
                number == celery,
                limit=_limit(places, unstated, stated),
                configured=places is not None,
                reads_stored=number == celery == reading,
                lasts=shortest is not None and shortest >= (settings.IN_FLIGHT_ROUND_TRIP or math.inf),
            )
        else:
            paused[what].add((number, name))
    live.pauses = Pauses(
        worker_types=frozenset(paused[PauseKind.WORKER_TYPE]),
        content_types=frozenset(paused[PauseKind.CONTENT_TYPE]),
    )
    return live


def _room() -> list[float]:
    """Return what limits are made of: the shortest work that lasts, the way to a fleet and back, the factor.

    The first two are in seconds: a way that is shorter than the work is worth a part of a request.
    """
    way = settings.IN_FLIGHT_ROUND_TRIP
    return [way or math.inf, way, settings.IN_FLIGHT_FACTOR]


def _limit(configured: int | None, unstated: int, stated: float | None) -> int | None:
    """Return how many requests of a worker type may be in flight."""
    if configured is not None:
        return configured
    if unstated or stated is None:
        return settings.IN_FLIGHT_UNSTATED or None
    return round(stated)


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
    # The last part: a workflow may need the policy of any worker type. Few have one.
    rows = select(
        "SELECT tenant_id, workflow_type, NULL, keep_errors, priority, steps, keep_headers "  # noqa: S608
        "FROM workermanager_workflow "
        f"WHERE tenant_id {tenants} {workflow_is} "
        "UNION ALL "
        "SELECT i.tenant_id, i.content_type, w.worker_type, w.keep_errors, w.priority, w.policy, NULL "
        "FROM workermanager_input_content_type i JOIN workermanager_worker_type w ON w.id = i.worker_type_id "
        f"WHERE i.tenant_id {tenants} {input_is} "
        "UNION ALL SELECT tenant_id, NULL, worker_type, keep_errors, priority, policy, NULL "
        "FROM workermanager_worker_type "
        f"WHERE tenant_id {tenants} AND policy IS NOT NULL",
        [*parameters, *parameters, *only_tenants],
    )
    policies: dict[int, dict[str, Policy]] = {}
    found = {}
    workflows = []
    for tenant, name, worker_type, keep, priority, value, keep_headers in rows:
        stored = json_value(value)
        if worker_type is None:
            workflows.append((tenant, name, stored, bool(keep), priority, bool(keep_headers)))
        elif name is None:
            policies.setdefault(tenant, {})[worker_type] = Policy.from_json(stored)
        else:
            found[tenant, name] = Plan.single(
                worker_type=worker_type,
                keep_errors=bool(keep),
                priority=priority,
                policy=Policy.from_json(stored),
            )
    workflow_plans = {
        (tenant, name): Plan.workflow(
            workflow_type=name,
            steps=steps,
            keep_errors=keep,
            priority=priority,
            policies=policies.get(tenant),
            keep_headers=keep_headers,
        )
        for tenant, name, steps, keep, priority, keep_headers in workflows
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


def receiving_tenants(*, names: Collection[str]) -> dict[str, tuple[int, frozenset[str]]]:
    """Return the keys of the active tenants among ``names``, and the content types that each refuses."""
    wanted, parameters = among(set(names))
    rows = select(
        "SELECT t.name, t.id, s.value FROM regards_tenant t "  # noqa: S608
        "LEFT JOIN regards_tenant_setting s ON s.tenant_id = t.id AND s.name = %s "
        f"WHERE t.active AND t.name {wanted}",
        [SKIPPED_CONTENT_TYPES, *parameters],
    )
    return {name: (tenant, frozenset(json_value(value) or ())) for name, tenant, value in rows}


def digests(*, keys: Collection[RequestKey]) -> dict[RequestKey, bytes]:
    """Return the digest of the body of each of these requests that is there."""
    return dict(_digests(Request, keys, "true", []))


def finished_digests(*, keys: Collection[RequestKey], since: datetime | None) -> set[Digest]:
    """Return the digests of the bodies of those of these requests that ended since; ``None``: whenever."""
    if since is None:
        return set(_digests(FinishedRequest, keys, "true", []))
    ended = connection.ops.adapt_datetimefield_value(since)
    return set(_digests(FinishedRequest, keys, "finished_at >= %s", [ended]))


def _digests(
    model: type[Model], keys: Collection[RequestKey], condition: str, values: Sequence[object]
) -> list[Digest]:
    if not keys:
        return []
    columns = "tenant_id, request_id, digest"
    sql, parameters = of_pairs(
        table=model._meta.db_table, columns=columns, key=REQUEST_KEY, pairs=keys, condition=condition
    )
    rows = select(sql, [*parameters, *values], by_index=True)
    return [((tenant_id, request_id), bytes(digest)) for tenant_id, request_id, digest in rows]


def locked_requests(*, keys: Collection[RequestKey]) -> list[Request]:
    """Lock requests in the order of their primary keys and return them without their payloads."""
    if not keys:
        return []
    found, parameters = of_pairs(table="workermanager_request", columns="id", key=REQUEST_KEY, pairs=keys)
    wanted = f"= ANY(ARRAY({found}))" if connection.vendor == "postgresql" else f"IN ({found})"
    tenants, ids = among({tenant_id for tenant_id, _ in keys})
    # Payloads are big, and only a new attempt needs them: `bodies` reads those. The plus keeps SQLite from
    # reading all that these tenants have.
    return light_requests(
        f"SELECT {LIGHT_COLUMNS} FROM workermanager_request "  # noqa: S608
        f"WHERE id {wanted} AND +tenant_id {tenants} ORDER BY id {for_update()}",
        [*parameters, *ids],
        by_index=True,
    )


def session_counts(*, tenant: Tenant, sessions: Collection[Session]) -> SessionCounts:
    """Return what sessions of a tenant count, and the requests that are there, as of one moment."""
    wanted, parameters = zip(*map(among, map(set, zip(*sessions, strict=True))), strict=True)
    named = f"source {wanted[0]} AND session {wanted[1]}"
    sums = ", ".join(SUMS)
    # One statement: between two, a manager could move a request and count it.
    rows = select(
        f"SELECT source, session, properties, {sums}, '', '', 0 "  # noqa: S608
        f"FROM workermanager_session_step WHERE tenant_id = %s AND {named} "
        f"UNION ALL SELECT source, session, properties, {sums}, '', '', 0 "
        f"FROM workermanager_session_change WHERE tenant_id = %s AND {named} "
        f"UNION ALL SELECT source, session, NULL, {', '.join('0' * len(SUMS))}, "
        "status, dispatched_worker_type, COUNT(*) "
        f"FROM workermanager_request WHERE tenant_id = %s AND {named} "
        "GROUP BY source, session, status, dispatched_worker_type",
        3 * [tenant.pk, *parameters[0], *parameters[1]],
    )
    these = set(sessions)
    meant = [row for row in rows if row[:2] in these]
    counted = [
        (source, session, Change(Counter(json_value(properties)), *totals[: len(SUMS)]))
        for source, session, properties, *totals in meant
        if properties is not None
    ]
    there: list[tuple[Session, Place, int]] = [
        ((row[0], row[1]), (row[-3], row[-2]), row[-1]) for row in meant if row[2] is None
    ]
    return counted, there


def waiting_for(*, live: LiveTypes, configured: Mapping[PlanKey, Plan]) -> Q:
    """Return the condition of waiting requests that somebody could take now.

    A request that has a plan follows that; one that has none (it was never dispatched, or starts again from
    its first step), today's configuration.
    """
    condition = Q(attempt__gt=0, plan__isnull=False, step_worker_type__in=list(live))
    startable: dict[int, list[str]] = {}
    for (tenant_id, content_type), plan in configured.items():
        if not live.keys().isdisjoint(plan.first.workers):
            startable.setdefault(tenant_id, []).append(content_type)
    for tenant_id, content_types in startable.items():
        unplanned = Q(attempt=0) | Q(plan__isnull=True)
        condition |= unplanned & Q(tenant=tenant_id, content_type__in=content_types)
    return condition


def bodies(*, requests: Collection[Request]) -> dict[int, bytes]:
    """Return the payload of the current step of each request, by primary key."""
    found = Request.objects.across_tenants(because="these very requests were read before")
    rows = found.filter(pk__in=[request.id for request in requests])
    return {
        pk: bytes(original if content is None else content)
        for pk, content, original in rows.values_list("pk", "content", "original_content")
    }
