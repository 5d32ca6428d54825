"""Reads of flow control: what is in flight, what is held, and which of it goes next.

Note: held.
    A request is held when its step has a live worker type and it was granted, but there is no place for it:
    ``TO_DISPATCH`` at no time. Its plan and step are stored, so nothing but its dispatch is missing. The
    index ``ix_request_held`` has these rows only, in the order they go: a group is a worker type, a tenant
    and a content type; within one, higher priorities go first, then older requests. Groups are found by
    jumping from one to the next, and only the beginning of each is read: a hundred thousand requests of one
    group cost no more than one.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from django.db import connection

from regards_processing.kernel.db.reads import among, select
from regards_processing.kernel.tenancy.visibility import seeing_every_tenant
from worker_manager.models import Request
from worker_manager.queries import LIGHT_COLUMNS

#: Worker type and tenant.
Place = tuple[str, int]

# Literals, not parameters: SQLite chooses an index with a condition by the text.
_HELD: Final = "status = 'TO_DISPATCH' AND due_at IS NULL"
_IN_FLIGHT: Final = "status IN ('DISPATCHED', 'RUNNING')"
#: The order of the index, in full: PostgreSQL then takes no other index for it.
_BY_INDEX: Final = "ORDER BY step_worker_type, tenant_id, content_type, priority DESC, id"
#: Groups read by one statement; those behind them come with the next turn.
_MOST_GROUPS: Final = 400


@dataclass(frozen=True, slots=True)
class Group:
    """Held requests that go in one order."""

    worker_type: str
    tenant_id: int
    tenant: str
    content_type: str


#: A part of a group: a further condition, and its parameters.
_Part = tuple[Group, str, list[object]]


@dataclass(frozen=True, slots=True)
class Load:
    """What worker types have to do now."""

    #: Requests in flight.
    in_flight: Counter[Place] = field(default_factory=Counter)
    #: Worker types with held requests.
    holding: frozenset[str] = frozenset()


def load_of(*, worker_types: Collection[str]) -> Load:
    """Return what worker types have to do, for all tenants: fleets serve everybody."""
    wanted, parameters = among(worker_types)
    holding, again = _holding(worker_types)
    with seeing_every_tenant():
        rows = select(
            "SELECT step_worker_type, tenant_id, COUNT(*) FROM workermanager_request "  # noqa: S608
            f"WHERE {_IN_FLIGHT} AND step_worker_type {wanted} GROUP BY step_worker_type, tenant_id "
            "UNION ALL SELECT step_worker_type, tenant_id, COUNT(*) FROM workermanager_branch "
            f"WHERE {_IN_FLIGHT} AND step_worker_type {wanted} GROUP BY step_worker_type, tenant_id "
            f"UNION ALL SELECT DISTINCT step_worker_type, 0, 0 FROM ({holding}) AS holding",
            [*parameters, *parameters, *again],
        )
    in_flight: Counter[Place] = Counter()
    for name, tenant, count in rows:
        in_flight[name, tenant] += count
    return Load(
        in_flight=+in_flight,
        holding=frozenset(name for name, _, count in rows if not count),
    )


def holding_types(*, worker_types: Collection[str]) -> frozenset[str]:
    """Return which worker types have held requests."""
    holding, parameters = _holding(worker_types)
    with seeing_every_tenant():
        return frozenset(name for (name,) in select(holding, parameters))


def _holding(worker_types: Collection[str]) -> tuple[str, list[object]]:
    if connection.vendor == "postgresql":
        query = (
            "SELECT wanted.step_worker_type FROM unnest(%s::text[]) AS wanted(step_worker_type) "  # noqa: S608
            "WHERE (SELECT tenant_id FROM workermanager_request "
            f"WHERE {_HELD} AND step_worker_type = wanted.step_worker_type {_BY_INDEX} LIMIT 1) IS NOT NULL"
        )
        return query, [list(worker_types)]
    wanted, parameters = among(worker_types)
    query = (
        "SELECT DISTINCT step_worker_type FROM workermanager_request "  # noqa: S608
        f"WHERE {_HELD} AND tenant_id IS NOT NULL AND step_worker_type {wanted}"
    )
    return query, parameters


def held_groups(*, worker_types: Collection[str]) -> list[Group]:
    """Return the groups of held requests of active tenants."""
    groups, parameters = _groups(worker_types)
    with seeing_every_tenant():
        rows = select(
            f"{groups} SELECT worker_type, tenant_id, tenant.name, content_type FROM found "  # noqa: S608
            "JOIN regards_tenant AS tenant ON tenant.id = tenant_id AND tenant.active",
            parameters,
        )
    return [Group(*row) for row in rows]


def _groups(worker_types: Collection[str]) -> tuple[str, list[object]]:
    """Return the table ``found`` of groups, and its parameters."""
    if connection.vendor == "postgresql":
        first = (
            "SELECT tenant_id, content_type FROM workermanager_request "  # noqa: S608
            f"WHERE {_HELD} AND step_worker_type = wanted.name {_BY_INDEX} LIMIT 1"
        )
        following = (
            "SELECT tenant_id, content_type FROM workermanager_request "  # noqa: S608
            f"WHERE {_HELD} AND step_worker_type = found.worker_type "
            f"AND (tenant_id, content_type) > (found.tenant_id, found.content_type) {_BY_INDEX} LIMIT 1"
        )
        groups = (
            "WITH RECURSIVE found(worker_type, tenant_id, content_type) AS ("  # noqa: S608
            "SELECT wanted.name, first.tenant_id, first.content_type FROM unnest(%s::text[]) AS wanted(name) "
            f"CROSS JOIN LATERAL ({first}) AS first UNION ALL "
            "SELECT found.worker_type, following.tenant_id, following.content_type FROM found "
            f"CROSS JOIN LATERAL ({following}) AS following)"
        )
        return groups, [list(worker_types)]
    wanted, parameters = among(worker_types)
    groups = (
        "WITH found(worker_type, tenant_id, content_type) AS ("  # noqa: S608
        "SELECT DISTINCT step_worker_type, tenant_id, content_type FROM workermanager_request "
        f"WHERE {_HELD} AND step_worker_type {wanted})"
    )
    return groups, parameters


def next_held(*, limits: Mapping[Group, int]) -> list[Request]:
    """Lock the next requests of each group, at most as many as given, without their payloads.

    Requests that another manager has locked are passed over: it dispatches them itself.
    """
    asked = [(group, limit) for group, limit in limits.items() if limit > 0][:_MOST_GROUPS]
    if not asked:
        return []
    lock = "FOR UPDATE SKIP LOCKED" if connection.features.has_select_for_update_skip_locked else ""
    part = (
        f"SELECT {LIGHT_COLUMNS} FROM workermanager_request WHERE {_HELD} AND step_worker_type = %s "  # noqa: S608
        f"AND tenant_id = %s AND content_type = %s {_BY_INDEX} LIMIT %s {lock}"
    )
    parts = " UNION ALL ".join(
        f"SELECT * FROM ({part}) AS group_{number}"  # noqa: S608
        for number in range(len(asked))
    )
    parameters: list[object] = []
    for group, limit in asked:
        parameters += [group.worker_type, group.tenant_id, group.content_type, limit]
    return list(Request.objects.raw(parts, parameters))


def held_counts(*, groups: Collection[Group], most: int) -> Counter[int]:
    """Count the held requests of groups by tenant; of each group no more than ``most`` are looked at."""
    return _counted([(group, "", []) for group in groups], most)


def held_ahead(*, request: Request, groups: Collection[Group], most: int) -> int:
    """Count the held requests of its tenant that go before a request; about ``most`` are looked at."""
    own = [group for group in groups if group.tenant_id == request.tenant_id]
    higher: list[_Part] = [(group, "AND priority > %s", [request.priority]) for group in own]
    older: list[_Part] = [
        (group, "AND priority = %s AND id < %s", [request.priority, request.pk]) for group in own
    ]
    return _counted([*higher, *older], most)[request.tenant_id]


def _counted(asked: Sequence[_Part], most: int) -> Counter[int]:
    """Count parts of groups, each with a condition and its parameters, by tenant."""
    part = (
        "SELECT {tenant}, COUNT(*) FROM (SELECT tenant_id FROM workermanager_request "  # noqa: S608
        f"WHERE {_HELD} AND step_worker_type = %s AND tenant_id = %s AND content_type = %s {{condition}} "
        f"{_BY_INDEX} LIMIT %s) AS held"
    )
    counted: Counter[int] = Counter()
    if not asked:
        return counted
    parts, parameters = [], list[object]()
    for group, condition, values in asked[:_MOST_GROUPS]:
        parts.append(part.format(tenant=group.tenant_id, condition=condition))
        parameters += [group.worker_type, group.tenant_id, group.content_type, *values, most]
    with seeing_every_tenant():
        for tenant_id, count in select(" UNION ALL ".join(parts), parameters):
            counted[tenant_id] += count
    return counted
