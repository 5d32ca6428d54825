"""What does not move, in groups that wait for the same thing; bounded as the looks of `overview` are.

A request at a parallel step waits as its branches do: each of them counts.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import connection

from regards_processing.kernel.db.reads import select
from regards_processing.kernel.tenancy.models import Tenant
from worker_manager.grouped_reasons import Group, Stand

#: Orders of indexes, in full: PostgreSQL then takes no other way.
_BY_STATUS: Final = "status, step_worker_type, tenant_id"
_OF_BRANCHES: Final = "status, step_worker_type"
_ORDERS: Final = {
    Stand.HELD: "step_worker_type, tenant_id, content_type, priority DESC, id",
    Stand.DUE: "due_at",
    Stand.LATER: "due_at",
}
#: Condition of each place; a name in brackets is a parameter.
_CONDITIONS: Final = {
    Stand.UNSERVED: "status = 'NO_WORKER_AVAILABLE'",
    Stand.HELD: "status = 'TO_DISPATCH' AND due_at IS NULL",
    Stand.DUE: "status = 'TO_DISPATCH' AND due_at <= %(at)s",
    Stand.LATER: "status = 'TO_DISPATCH' AND due_at > %(at)s",
    Stand.QUEUED: "status = 'DISPATCHED'",
    Stand.SILENT: "status = 'RUNNING' AND worker_id IS NOT NULL",
    Stand.ERROR: "status = 'ERROR'",
    Stand.INVALID_CONTENT: "status = 'INVALID_CONTENT'",
}
#: Nothing moves these but an operator: branches of theirs have ended as well.
_OF_OPERATORS: Final = frozenset({Stand.ERROR, Stand.INVALID_CONTENT})
#: A request with branches names no worker type; one without a plan has nothing configured.
_HAS_NO_BRANCHES: Final = "(step_worker_type IS NOT NULL OR plan IS NULL)"
#: Only running requests whose instance does not beat are told.
_IS_TOLD: Final = (
    "(stand <> 'SILENT' OR NOT EXISTS (SELECT 1 FROM workermanager_worker_instance AS beating "
    "WHERE beating.worker_type = looked_at.step_worker_type AND beating.worker_id = looked_at.worker_id "
    "AND beating.beaten_at > %(alive)s))"
)


def backlog(*, tenant: Tenant | None, at: datetime, most: int) -> list[Group]:
    """Return what does not move, of a tenant or of all, looking at ``most`` requests of each place.

    One statement, by index.
    """
    meant = "AND tenant_id = %(tenant)s" if tenant else ""
    looks = [
        *(_look("workermanager_request", stand, meant) for stand in Stand),
        *(_look("workermanager_branch", stand, meant) for stand in Stand if stand not in _OF_OPERATORS),
    ]
    numbered = (f"SELECT * FROM ({look}) AS look_{number}" for number, look in enumerate(looks))  # noqa: S608
    sql = (
        "SELECT stand, tenant_id, step_worker_type, content_type, COUNT(*), MIN(since) "  # noqa: S608
        f"FROM ({' UNION ALL '.join(numbered)}) AS looked_at WHERE {_IS_TOLD} "
        "GROUP BY stand, tenant_id, step_worker_type, content_type"
    )
    adapt = connection.ops.adapt_datetimefield_value
    alive = at - timedelta(seconds=settings.HEARTBEAT_EXPIRY)
    values = {"tenant": tenant and tenant.pk, "at": adapt(at), "alive": adapt(alive), "most": most}
    return [_group(row) for row in select(sql, values)]


def _look(table: str, stand: Stand, meant: str) -> str:
    of_requests = table == "workermanager_request"
    content_type = "content_type" if of_requests else "'' AS content_type"
    since = "creation_date" if of_requests else "moved_at"
    condition = f"{_CONDITIONS[stand]} AND {_HAS_NO_BRANCHES}" if of_requests else _CONDITIONS[stand]
    order = _ORDERS.get(stand, _BY_STATUS) if of_requests else _OF_BRANCHES
    return (
        f"SELECT '{stand.value}' AS stand, tenant_id, step_worker_type, {content_type}, worker_id, "  # noqa: S608
        f"{since} AS since FROM {table} WHERE {condition} {meant} ORDER BY {order} LIMIT %(most)s"
    )


def _group(row: Sequence[object]) -> Group:
    stand, tenant_id, worker_type, content_type, requests, oldest = row
    return Group(
        stand=Stand(str(stand)),
        tenant_id=int(str(tenant_id)),
        worker_type=None if worker_type is None else str(worker_type),
        content_type=str(content_type),
        requests=int(str(requests)),
        oldest=_moment(oldest),
    )


def _moment(stored: object) -> datetime:
    """Return a time as it comes from the database: SQLite keeps texts."""
    return stored if isinstance(stored, datetime) else datetime.fromisoformat(str(stored)).replace(tzinfo=UTC)
