"""Reads of flow control: what is in flight, what is held, and which of it goes next.

Note: held.
    A request is held when its step has a live worker type and it was granted, but there is no place for it:
    ``TO_DISPATCH`` at no time. Its plan and step are stored, so nothing but its dispatch is missing. The
    index ``ix_request_held`` has these rows only, in the order they go: a group is a worker type, a tenant
    and a content type; within one, higher priorities go first, then older requests. Groups are found by
    jumping from one to the next, and only the beginning of each is read: a hundred thousand requests of one
    group cost no more than one. Branches of parallel steps are held in the same way, in a table and an index
    of their own (``ix_branch_held``), and in groups of their own; they are as old as their requests.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from django.db import connection

from regards_processing.kernel.db.reads import among, select
from regards_processing.kernel.tenancy.visibility import seeing_every_tenant
from worker_manager.models import Request
from worker_manager.models.light_requests import LIGHT_COLUMNS, light_requests

#: Worker type and tenant.
Place = tuple[str, int]

# Literals, not parameters: SQLite chooses an index with a condition by the text.
_HELD: Final = "status = 'TO_DISPATCH' AND due_at IS NULL"
_IN_FLIGHT: Final = "status IN ('DISPATCHED', 'RUNNING')"
_STATES_IN_FLIGHT: Final = "('DISPATCHED'), ('RUNNING')"
#: The order of the index, in full: PostgreSQL then takes no other index for it.
_BY_INDEX: Final = "ORDER BY step_worker_type, tenant_id, content_type, priority DESC, {key}"
#: Groups read by one statement; those behind them come with the next turn.
_MOST_GROUPS: Final = 400


@dataclass(frozen=True, slots=True)
class _Table:
    """Where something is held."""

    name: str
    #: Column with the key of the request: the age.
    key: str

    @property
    def by_index(self) -> str:
        """Return the order in which it goes."""
        return _BY_INDEX.format(key=self.key)


_REQUESTS: Final = _Table("workermanager_request", "id")
_BRANCHES: Final = _Table("workermanager_branch", "request_id")


@dataclass(frozen=True, slots=True)
class Group:
    """Held requests, or branches of requests, that go in one order."""

    worker_type: str
    tenant_id: int
    tenant: str
    content_type: str
    #: They are branches.
    of_branches: bool = False

    @property
    def table(self) -> _Table:
        """Return where they are."""
        return _BRANCHES if self.of_branches else _REQUESTS


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
    parts = [_in_flight(table, worker_types) for table in (_REQUESTS, _BRANCHES)]
    holding, again = _holding(worker_types)
    parts.append((f"SELECT DISTINCT step_worker_type, 0, 0 FROM ({holding}) AS holding", again))  # noqa: S608
    with seeing_every_tenant():
        rows = select(
            " UNION ALL ".join(sql for sql, _ in parts),
            [value for _, values in parts for value in values],
            by_index=True,
        )
    in_flight: Counter[Place] = Counter()
    for name, tenant, count in rows:
        in_flight[name, tenant] += count
    return Load(
        in_flight=+in_flight,
        holding=frozenset(name for name, _, count in rows if not count),
    )


def _in_flight(table: _Table, worker_types: Collection[str]) -> tuple[str, list[object]]:
    """Return the query that counts what is in flight by worker type and tenant, and its parameters."""
    if connection.vendor == "postgresql":
        # In the order of one index: another one may have less by what PostgreSQL knows, and is read whole.
        found = (
            f"SELECT tenant_id FROM {table.name} WHERE status = state.status "  # noqa: S608
            "AND step_worker_type BETWEEN wanted.name AND wanted.name ORDER BY step_worker_type, tenant_id"
        )
        query = (
            "SELECT wanted.name, found.tenant_id, COUNT(*) FROM unnest(%s::text[]) AS wanted(name) "  # noqa: S608
            f"CROSS JOIN (VALUES {_STATES_IN_FLIGHT}) AS state(status) CROSS JOIN LATERAL ({found}) AS found "
            "GROUP BY wanted.name, found.tenant_id"
        )
        return query, [list(worker_types)]
    wanted, parameters = among(worker_types)
    query = (
        f"SELECT step_worker_type, tenant_id, COUNT(*) FROM {table.name} "  # noqa: S608
        f"WHERE {_IN_FLIGHT} AND step_worker_type {wanted} GROUP BY step_worker_type, tenant_id"
    )
    return query, parameters


def holding_types(*, worker_types: Collection[str]) -> frozenset[str]:
    """Return which worker types have held requests."""
    holding, parameters = _holding(worker_types)
    with seeing_every_tenant():
        return frozenset(name for (name,) in select(holding, parameters, by_index=True))


def _holding(worker_types: Collection[str]) -> tuple[str, list[object]]:
    if connection.vendor == "postgresql":
        held = " OR ".join(
            f"(SELECT tenant_id FROM {table.name} "  # noqa: S608
            f"WHERE {_HELD} AND step_worker_type = wanted.step_worker_type {table.by_index} LIMIT 1) "
            "IS NOT NULL"
            for table in (_REQUESTS, _BRANCHES)
        )
        query = (
            "SELECT wanted.step_worker_type FROM unnest(%s::text[]) AS wanted(step_worker_type) "  # noqa: S608
            f"WHERE {held}"
        )
        return query, [list(worker_types)]
    wanted, parameters = among(worker_types)
    query = " UNION ".join(
        f"SELECT step_worker_type FROM {table.name} "  # noqa: S608
        f"WHERE {_HELD} AND tenant_id IS NOT NULL AND step_worker_type {wanted}"
        for table in (_REQUESTS, _BRANCHES)
    )
    return query, [*parameters, *parameters]


def held_groups(*, worker_types: Collection[str]) -> list[Group]:
    """Return the groups of held requests, and branches, of active tenants."""
    names = {_REQUESTS: "found", _BRANCHES: "branched"}
    tables, parameters = [], list[object]()
    for table, name in names.items():
        groups, wanted = _groups(table, worker_types, name)
        tables.append(groups)
        parameters += wanted
    parts = " UNION ALL ".join(
        f"SELECT worker_type, tenant_id, tenant.name, content_type, {number} FROM {name} "  # noqa: S608
        "JOIN regards_tenant AS tenant ON tenant.id = tenant_id AND tenant.active"
        for number, name in enumerate(names.values())
    )
    with seeing_every_tenant():
        rows = select(f"WITH RECURSIVE {', '.join(tables)} {parts}", parameters, by_index=True)
    return [
        Group(worker_type, tenant_id, tenant, content_type, of_branches=bool(number))
        for worker_type, tenant_id, tenant, content_type, number in rows
    ]


def _groups(table: _Table, worker_types: Collection[str], name: str) -> tuple[str, list[object]]:
    """Return the definition of a table of groups, and its parameters."""
    columns = f"{name}(worker_type, tenant_id, content_type)"
    if connection.vendor == "postgresql":
        first = (
            f"SELECT tenant_id, content_type FROM {table.name} "  # noqa: S608
            f"WHERE {_HELD} AND step_worker_type = wanted.name {table.by_index} LIMIT 1"
        )
        following = (
            f"SELECT tenant_id, content_type FROM {table.name} "  # noqa: S608
            f"WHERE {_HELD} AND step_worker_type = {name}.worker_type "
            f"AND (tenant_id, content_type) > ({name}.tenant_id, {name}.content_type) "
            f"{table.by_index} LIMIT 1"
        )
        groups = (
            f"{columns} AS ("  # noqa: S608
            "SELECT wanted.name, first.tenant_id, first.content_type FROM unnest(%s::text[]) AS wanted(name) "
            f"CROSS JOIN LATERAL ({first}) AS first UNION ALL "
            f"SELECT {name}.worker_type, following.tenant_id, following.content_type FROM {name} "
            f"CROSS JOIN LATERAL ({following}) AS following)"
        )
        return groups, [list(worker_types)]
    wanted, parameters = among(worker_types)
    groups = (
        f"{columns} AS ("  # noqa: S608
        f"SELECT DISTINCT step_worker_type, tenant_id, content_type FROM {table.name} "
        f"WHERE {_HELD} AND step_worker_type {wanted})"
    )
    return groups, parameters


def next_held(*, limits: Mapping[Group, int]) -> list[Request]:
    """Lock the next requests of each group, at most as many as given, without their payloads.

    Requests that another manager has locked are passed over: it dispatches them itself. Groups of branches
    are passed over as well.
    """
    asked = _asked(limits, of_branches=False)
    if not asked:
        return []
    lock = "FOR UPDATE SKIP LOCKED" if connection.features.has_select_for_update_skip_locked else ""
    return light_requests(*_beginnings(asked, LIGHT_COLUMNS, lock=lock), by_index=True)


def next_held_branches(*, limits: Mapping[Group, int], but_for: Collection[int]) -> set[int]:
    """Return the requests of the next branches of each group, at most as many as given; nothing is locked.

    Groups of requests are passed over, as are branches of the requests ``but_for``.
    """
    asked = _asked(limits, of_branches=True)
    if not asked:
        return set()
    known, parameters = among(but_for)
    with seeing_every_tenant():
        rows = select(
            *_beginnings(asked, "request_id", condition=f"AND NOT (request_id {known})", values=parameters),
            by_index=True,
        )
    return {request_id for (request_id,) in rows}


def _asked(limits: Mapping[Group, int], *, of_branches: bool) -> list[tuple[Group, int]]:
    wanted = ((group, limit) for group, limit in limits.items() if group.of_branches is of_branches)
    return [(group, limit) for group, limit in wanted if limit > 0][:_MOST_GROUPS]


def _beginnings(
    asked: Sequence[tuple[Group, int]],
    columns: str,
    *,
    condition: str = "",
    values: Sequence[object] = (),
    lock: str = "",
) -> tuple[str, list[object]]:
    """Return the query of the beginning of each group, and its parameters."""
    parts, parameters = [], list[object]()
    for number, (group, limit) in enumerate(asked):
        part = (
            f"SELECT {columns} FROM {group.table.name} WHERE {_HELD} AND step_worker_type = %s "  # noqa: S608
            f"AND tenant_id = %s AND content_type = %s {condition} {group.table.by_index} LIMIT %s {lock}"
        )
        parts.append(f"SELECT * FROM ({part}) AS group_{number}")  # noqa: S608
        parameters += [group.worker_type, group.tenant_id, group.content_type, *values, limit]
    return " UNION ALL ".join(parts), parameters


def held_counts(*, groups: Collection[Group], most: int) -> Counter[int]:
    """Count the held requests of groups by tenant; of each group no more than ``most`` are looked at."""
    return _counted([(group, "", []) for group in groups], most)


def held_ahead(*, request: Request, groups: Collection[Group], most: int) -> int:
    """Count the held requests of its tenant that go before a request; about ``most`` are looked at."""
    own = [group for group in groups if group.tenant_id == request.tenant_id]
    higher: list[_Part] = [(group, "AND priority > %s", [request.priority]) for group in own]
    # A range of one: told that it is the one, PostgreSQL has the order in the index of all keys as well.
    one = [request.priority] * 2
    older: list[_Part] = [
        (group, f"AND priority BETWEEN %s AND %s AND {group.table.key} < %s", [*one, request.pk])
        for group in own
    ]
    return _counted([*higher, *older], most)[request.tenant_id]


def _counted(asked: Sequence[_Part], most: int) -> Counter[int]:
    """Count parts of groups, each with a condition and its parameters, by tenant."""
    counted: Counter[int] = Counter()
    if not asked:
        return counted
    parts, parameters = [], list[object]()
    for group, condition, values in asked[:_MOST_GROUPS]:
        parts.append(
            f"SELECT {group.tenant_id}, COUNT(*) FROM (SELECT tenant_id FROM {group.table.name} "  # noqa: S608
            f"WHERE {_HELD} AND step_worker_type = %s AND tenant_id = %s AND content_type = %s {condition} "
            f"{group.table.by_index} LIMIT %s) AS held"
        )
        parameters += [group.worker_type, group.tenant_id, group.content_type, *values, most]
    with seeing_every_tenant():
        for tenant_id, count in select(" UNION ALL ".join(parts), parameters, by_index=True):
            counted[tenant_id] += count
    return counted
