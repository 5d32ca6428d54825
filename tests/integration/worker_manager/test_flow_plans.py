"""A flood of held requests is never read whole: the plans of PostgreSQL."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories.requests import a_request
from tests.factories.rows import every
from tests.factories.worker_manager import a_tenant, the_request
from tests.integration.worker_manager import plans
from worker_manager import flow_queries
from worker_manager.flow_queries import Group
from worker_manager.models import Request

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

_FLOOD = 100_000
#: What a statement may read for a place it gives away, and for being there at all.
_MOST_READ = 200


@pytest.fixture(params=["a quiet time", "a quiet time after a flood", "the flood"])
def _flood(request: pytest.FixtureRequest) -> None:
    """Store a flood of one tenant, one request of another, a few in flight, and many of another type.

    PostgreSQL knows of it, or knows the table as it was before: it looks once a minute. After a flood that
    has gone it believes that the room of that is as empty as before.
    """
    flood, calm = a_tenant(name="flood"), a_tenant(name="calm")
    plans.empty()
    if request.param == "a quiet time after a flood":
        plans.come_and_go(tenant_id=flood.pk, count=_FLOOD // 10)
    model = a_request(flood, "f-0", status="TO_DISPATCH", error=None, dispatched_worker_type=None)
    model.save()
    names = [
        str(field.column)
        for field in Request._meta.concrete_fields
        if field.column not in {"id", "request_id"}
    ]
    columns = ", ".join(names)
    with connection.cursor() as cursor:
        if request.param == "a quiet time":
            cursor.execute("ANALYZE workermanager_request")
        cursor.execute(
            f"INSERT INTO workermanager_request (request_id, {columns}) "  # noqa: S608
            f"SELECT 'f-' || number, {columns} FROM workermanager_request, generate_series(1, %s) AS number",
            [_FLOOD],
        )
        calm_one = a_request(calm, "c-0", status="TO_DISPATCH", error=None)
        calm_one.save()
        _dispatch(range(50))
        _dispatch(range(50, 2_000), step_worker_type="busy-worker")
        if request.param == "the flood":
            cursor.execute("ANALYZE workermanager_request")


def _dispatch(numbers: Iterable[int], **columns: object) -> None:
    names = [f"f-{number}" for number in numbers]
    every(Request).filter(request_id__in=names).update(status="DISPATCHED", **columns)


def _group(tenant: str) -> Group:
    tenant_id = every(Request).filter(tenant__name=tenant).values_list("tenant_id", flat=True)[0]
    return Group("unzip-worker", tenant_id, tenant, "unzip")


def _statements(action: Callable[[], object]) -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        action()
    return [query["sql"] for query in captured.captured_queries]


def _read(plan: dict[str, Any]) -> float:
    """Return the rows that scans of requests gave and threw away."""
    return sum(
        float((node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"])
        for node in plans.nodes(plan)
        if node.get("Relation Name") == "workermanager_request"
    )


@pytest.mark.usefixtures("_flood")
def test_it_reads_no_more_of_a_flood_than_there_are_places() -> None:
    groups = flow_queries.held_groups(worker_types=["unzip-worker"])
    waiting = the_request("f-2060", tenant="flood")
    assert {(group.tenant, group.content_type) for group in groups} == {("flood", "unzip"), ("calm", "unzip")}
    actions: list[Callable[[], object]] = [
        lambda: flow_queries.load_of(worker_types=["unzip-worker"]),
        lambda: flow_queries.holding_types(worker_types=["unzip-worker", "sip-worker"]),
        lambda: flow_queries.held_groups(worker_types=["unzip-worker", "sip-worker"]),
        lambda: flow_queries.next_held(limits={_group("flood"): 40, _group("calm"): 40}),
        lambda: flow_queries.held_counts(groups=groups, most=40),
        lambda: flow_queries.held_ahead(request=waiting, groups=groups, most=40),
    ]
    found = [
        plans.plan_of(sql, options="ANALYZE, FORMAT JSON")
        for action in actions
        for sql in _statements(action)
        if "TO_DISPATCH" in sql
    ]
    assert max(map(_read, found)) <= _MOST_READ
    scans = [node for plan in found for node in plans.nodes(plan) if node.get("Relation Name")]
    assert "Seq Scan" not in {
        node["Node Type"] for node in scans if node["Relation Name"] == "workermanager_request"
    }
