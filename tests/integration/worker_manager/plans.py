"""A crowd of requests on PostgreSQL, and how the server would run the statements of an action among them."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from tests.factories.worker_manager import AT
from worker_manager.models import FinishedRequest, Request
from worker_manager.workflow_plan import Plan

#: Tables that grow with what the platform does; no statement may read one from end to end.
GROWING = frozenset({Request._meta.db_table, FinishedRequest._meta.db_table})

_WITH_SETTINGS = re.compile(r"((?:SET LOCAL \w+ = \w+; )*)(.*)", re.DOTALL)
_REQUESTS = """
INSERT INTO workermanager_request (
    tenant_id, request_id, creation_date, content_type, source, session, status, dispatched_worker_type,
    step_number, step_worker_type, original_content, digest, attempt, lost_attempts, dispatched_to_celery,
    plan, due_at, deadline_at, moved_at)
SELECT %(tenant)s, 'crowd-' || n, %(at)s - n * interval '1 minute', 'type-' || n %% 20,
    'source-' || n %% 50, 'session-' || n %% 1000, status, 'worker-' || n %% 20, 0, 'worker-' || n %% 20,
    '\\x7b7d', '\\x00', 1, 0, true,
    replace(%(plan)s, 'worker-0', 'worker-' || n %% 20)::jsonb,
    CASE WHEN status = 'TO_DISPATCH' THEN %(at)s + interval '1 day' END,
    CASE WHEN status IN ('DISPATCHED', 'RUNNING') THEN %(at)s + interval '1 day' END,
    %(at)s - n * interval '1 second'
FROM generate_series(1, %(count)s) AS n
CROSS JOIN LATERAL (SELECT CASE n %% 47 WHEN 0 THEN 'NO_WORKER_AVAILABLE' WHEN 1 THEN 'ERROR'
    WHEN 2 THEN 'TO_DISPATCH' WHEN 3 THEN 'RUNNING' ELSE 'DISPATCHED' END AS status) AS chosen
"""
_HISTORY = """
INSERT INTO workermanager_finished_request (
    tenant_id, request_id, content_type, source, session, status, worker_type, digest, creation_date,
    finished_at)
SELECT %(tenant)s, 'past-' || n, 'type-' || n %% 20, 'source-' || n %% 50, 'session-' || n %% 1000,
    'SUCCESS', 'worker-' || n %% 20, '\\x00', %(at)s - n * interval '1 minute',
    %(at)s - n * interval '1 minute'
FROM generate_series(1, %(count)s) AS n
"""


def empty() -> None:
    """Begin with new files: what earlier tests left in the old ones would scatter a tenant over all pages."""
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {', '.join(sorted(GROWING))} CASCADE")


def fill(*, tenant_id: int, count: int) -> None:
    """Store so many requests of a tenant, most of them DISPATCHED, and as many finished ones."""
    plan = json.dumps(Plan.single(worker_type="worker-0", keep_errors=True).to_json())
    with connection.cursor() as cursor:
        for statement in (_REQUESTS, _HISTORY):
            cursor.execute(statement, {"tenant": tenant_id, "count": count, "at": AT, "plan": plan})


def come_and_go(*, tenant_id: int, count: int) -> None:
    """Have a crowd come and go, and the planner look at what is left.

    It takes the room that the crowd had to be as empty as that, also when another crowd is in it.
    """
    fill(tenant_id=tenant_id, count=count)
    with connection.cursor() as cursor:
        for table in sorted(GROWING):
            cursor.execute(f"DELETE FROM {table}")  # noqa: S608 (names of our own tables)
    analyse()


def analyse() -> None:
    """Let the planner look at the tables."""
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {', '.join(sorted(GROWING))}")


def whole_reads(action: Callable[[], object]) -> list[str]:
    """Do something, undo it, and return its statements that read a growing table from end to end."""
    with transaction.atomic():
        with CaptureQueriesContext(connection) as captured:
            action()
        statements = {query["sql"] for query in captured.captured_queries}
        asked = [sql for sql in statements if any(table in sql for table in GROWING)]
        assert asked, "nothing was asked of a growing table"
        found = [f"{sql[:150]} … {sql[-250:]}" for sql in asked if reads_all(sql)]
        transaction.set_rollback(True)
    return found


def without_settings() -> None:
    """End the settings of statements before: a test has one transaction around all of them."""
    with connection.cursor() as cursor:
        for name in ("enable_sort", "enable_incremental_sort", "enable_seqscan", "jit"):
            cursor.execute(f"RESET {name}")


def rows_read(*, tables: frozenset[str] = GROWING) -> int:
    """Return how many rows of tables this transaction has read."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, seq_tup_read + COALESCE(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables"
        )
        return sum(count for name, count in cursor.fetchall() if name in tables)


def prepared_statements() -> list[tuple[str, str]]:
    """Return the text of each prepared statement that asks a growing table, and the one that executes it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, statement, cardinality(parameter_types) FROM pg_prepared_statements")
        found = cursor.fetchall()
    return [
        (text, f"EXECUTE {name}" + (f"({', '.join(['NULL'] * places)})" if places else ""))
        for name, text, places in found
        if any(table in text for table in GROWING)
    ]


def reads_all(sql: str, *, tables: frozenset[str] = GROWING) -> bool:
    """Tell whether a statement reads one of these tables from end to end."""
    return any(
        node["Node Type"] == "Seq Scan" and node["Relation Name"] in tables for node in nodes(plan_of(sql))
    )


def plan_of(sql: str, *, options: str = "FORMAT JSON") -> dict[str, Any]:
    """Return how the server would run a statement; settings that travel with it go before it."""
    settings, statement = _WITH_SETTINGS.fullmatch(sql).groups()  # type: ignore[union-attr] # it matches anything
    with connection.cursor() as cursor:
        cursor.execute(f"{settings}EXPLAIN ({options}) {statement}")
        ((plan,),) = cursor.fetchall()
    found: dict[str, Any] = (json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]
    return found


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Return all parts of a plan."""
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes(child)
