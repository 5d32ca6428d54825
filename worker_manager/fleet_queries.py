"""How much worker types have to do, counted in indexes: also where all tenants are meant, and all types.

Note: jumping.
    Worker types that have requests are found by jumping in the index ``ix_request_flow`` from one to the
    next; then each is counted there, in its part of the index. Grouped at once, PostgreSQL would read the
    table from end to end as soon as most of its rows are meant. Branches are counted in the same way, each
    by its own worker type.
"""

from collections.abc import Sequence
from typing import Final

from django.db import connection

from regards_processing.kernel.db.reads import among, select
from regards_processing.kernel.tenancy.models import Tenant
from worker_manager.states import AWAITING_ANSWER, WAITING, RequestStatus

#: How many requests and branches a worker type has, by status, and how many of those are held.
Counts = dict[str, int]
#: What is held has no status of its own.
HELD: Final = "held"

_TABLES: Final = ("workermanager_request", "workermanager_branch")
_MOVING: Final = sorted(AWAITING_ANSWER | WAITING)
# A literal, not a parameter: SQLite chooses an index with a condition by the text.
_IS_HELD: Final = "status = 'TO_DISPATCH' AND due_at IS NULL"
#: The order of the index, in full: PostgreSQL then takes no other index for it.
_BY_INDEX: Final = "ORDER BY status, step_worker_type, tenant_id LIMIT 1"


def counts(*, tenant: Tenant | None, worker_type: str | None = None) -> dict[str, Counts]:
    """Return what worker types have to do for a tenant, or for all; one statement."""
    parts, parameters = [], list[object]()
    for number, table in enumerate(_TABLES):
        part, values = _counted(f"kinds_{number}", table, tenant, worker_type)
        parts.append(part)
        parameters += values
    found: dict[str, Counts] = {}
    for name, what, count in select(" UNION ALL ".join(parts), parameters):
        if count:
            of_type = found.setdefault(name, {})
            of_type[what] = of_type.get(what, 0) + count
    return found


def _counted(
    name: str, table: str, tenant: Tenant | None, worker_type: str | None
) -> tuple[str, Sequence[object]]:
    """Return the query that counts a table by worker type and status, and its parameters."""
    # Fleets serve every tenant: a caller above tenants means all of them.
    whose, of_tenant = ("IS NOT NULL", []) if tenant is None else ("= %s", [tenant.pk])
    if connection.vendor != "postgresql":
        return _grouped(table, whose, of_tenant, worker_type)
    kinds, of_kinds = _kinds(name, table, worker_type)
    here = f"here.tenant_id {whose} AND here.step_worker_type = {name}.worker_type AND here"
    query = (
        f"SELECT * FROM (WITH RECURSIVE {kinds} SELECT worker_type, status, "  # noqa: S608
        f"(SELECT COUNT(tenant_id) FROM {table} AS here WHERE {here}.status = {name}.status) FROM {name} "
        "UNION ALL SELECT worker_type, %s, "
        f"(SELECT COUNT(tenant_id) FROM {table} AS here WHERE {here}.{_IS_HELD}) FROM {name} "
        f"WHERE {name}.status = %s) AS counted_{name}"
    )
    return query, [*of_kinds, *of_tenant, HELD, *of_tenant, RequestStatus.TO_DISPATCH.value]


def _kinds(name: str, table: str, worker_type: str | None) -> tuple[str, Sequence[object]]:
    """Return the definition of a table of statuses and worker types that there are, and its parameters."""
    columns = f"{name}(status, worker_type)"
    if worker_type is not None:
        return f"{columns} AS (SELECT unnest(%s::text[]), %s::text)", [_MOVING, worker_type]
    definition = (
        f"{columns} AS (SELECT wanted.status, first.step_worker_type "  # noqa: S608
        f"FROM unnest(%s::text[]) AS wanted(status) CROSS JOIN LATERAL (SELECT step_worker_type FROM {table} "
        "WHERE status = wanted.status AND step_worker_type IS NOT NULL AND tenant_id IS NOT NULL "
        f"{_BY_INDEX}) AS first "
        f"UNION ALL SELECT {name}.status, following.step_worker_type FROM {name} CROSS JOIN LATERAL ("
        f"SELECT step_worker_type FROM {table} WHERE status = {name}.status "
        f"AND step_worker_type > {name}.worker_type AND tenant_id IS NOT NULL {_BY_INDEX}) AS following)"
    )
    return definition, [_MOVING]


def _grouped(
    table: str, whose: str, of_tenant: Sequence[object], worker_type: str | None
) -> tuple[str, Sequence[object]]:
    statuses, values = among(_MOVING)
    of_type, name = ("IS NOT NULL", []) if worker_type is None else ("= %s", [worker_type])
    query = (
        f"SELECT step_worker_type, status, COUNT(*) FROM {table} "  # noqa: S608
        f"WHERE step_worker_type {of_type} AND tenant_id {whose} AND status {statuses} GROUP BY 1, 2 "
        f"UNION ALL SELECT step_worker_type, %s, COUNT(*) FROM {table} "
        f"WHERE step_worker_type {of_type} AND tenant_id {whose} AND {_IS_HELD} GROUP BY 1, 2"
    )
    return query, [*name, *of_tenant, *values, HELD, *name, *of_tenant]
