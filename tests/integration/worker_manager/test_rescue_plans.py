"""The watchdog never reads all that is on its way: the plan of PostgreSQL."""

from collections.abc import Iterable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories.requests import a_request
from tests.factories.rows import every
from tests.factories.worker_manager import AT, a_tenant, later, live_workers
from tests.fakes.engine import Engine
from tests.integration.worker_manager import plans
from worker_manager.models import Request

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

_MANY = 20_000
#: What the look of the watchdog may read of requests.
_MOST_READ = 500


@pytest.fixture
def _many(engine: Engine) -> None:  # noqa: ARG001 (the watchdog publishes)
    """Store many requests in their queues, and a few that nobody will answer."""
    tenant = a_tenant()
    live_workers("unzip-worker", at=later(1000), since=AT)
    a_request(tenant, "q-0", status="DISPATCHED", error=None, deadline_at=later(5000), plan={}).save()
    own = {"id", "request_id"}
    names = [str(field.column) for field in Request._meta.concrete_fields if field.column not in own]
    columns = ", ".join(names)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO workermanager_request (request_id, {columns}) "  # noqa: S608
            f"SELECT 'q-' || number, {columns} FROM workermanager_request, generate_series(1, %s) AS number",
            [_MANY],
        )
        _change(range(10), deadline_at=AT)
        _change(range(10, 20), status="RUNNING", worker_id="dead")
        # Of the release before, and not overdue.
        _change(range(20, 30), deadline_at=None)
        cursor.execute("ANALYZE workermanager_request")


def _change(numbers: Iterable[int], **columns: object) -> None:
    every(Request).filter(request_id__in=[f"q-{number}" for number in numbers]).update(**columns)


@pytest.mark.usefixtures("_many")
def test_it_reads_no_more_than_what_is_silent(engine: Engine) -> None:
    with CaptureQueriesContext(connection) as captured:
        assert engine.rescue(at=later(1000)) == 20
    look = next(query["sql"] for query in captured.captured_queries if "FOR UPDATE" in query["sql"])
    plan = plans.plan_of(look, options="ANALYZE, FORMAT JSON")
    scans = [node for node in plans.nodes(plan) if node.get("Relation Name") == "workermanager_request"]
    assert {node["Node Type"] for node in scans} <= {"Bitmap Heap Scan", "Index Scan"}
    assert sum(node["Actual Rows"] + node.get("Rows Removed by Filter", 0) for node in scans) <= _MOST_READ
