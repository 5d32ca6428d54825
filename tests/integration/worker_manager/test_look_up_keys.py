"""Requests are looked up by tenant and id together."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories.requests import a_request
from tests.factories.worker_manager import a_tenant
from worker_manager import queries

pytestmark = pytest.mark.django_db

_IDS = ("x", "007", "ünï'☃")


@pytest.fixture
def tenants() -> tuple[int, int]:
    """Store requests of the same ids for two tenants; return their keys."""
    found = [a_tenant(name=name) for name in ("one", "two")]
    for tenant in found:
        for request_id in _IDS:
            a_request(tenant, request_id).save()
    return found[0].pk, found[1].pk


def test_it_finds_no_request_of_another_tenant_with_the_same_id(tenants: tuple[int, int]) -> None:
    one, two = tenants
    wanted = {(one, "x"), (two, "007"), (two, "ünï'☃"), (one, "7"), (two, "gone")}
    there = {(one, "x"), (two, "007"), (two, "ünï'☃")}
    assert queries.digests(keys=wanted).keys() == there
    locked = queries.locked_requests(keys=wanted)
    assert {(request.tenant_id, request.request_id) for request in locked} == there
    assert [request.pk for request in locked] == sorted(request.pk for request in locked)


def test_it_looks_up_keys_of_any_number_of_tenants(tenants: tuple[int, int]) -> None:
    keys = {(tenants[1] + number, "x") for number in range(2_000)}
    assert [request.tenant_id for request in queries.locked_requests(keys=keys)] == [tenants[1]]


@pytest.mark.embedded
def test_it_reads_no_others_of_a_tenant_on_sqlite(tenants: tuple[int, int]) -> None:
    with CaptureQueriesContext(connection) as captured:
        queries.locked_requests(keys={(tenants[0], "x")})
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {captured.captured_queries[0]['sql']}")
        searches = [step for *_, step in cursor.fetchall() if step.startswith("SEARCH")]
    assert [step.partition(" (")[2] for step in searches] == ["rowid=?)", "tenant_id=? AND request_id=?)"]


def test_it_finds_nothing_for_nobody() -> None:
    assert (queries.digests(keys=()), queries.locked_requests(keys=())) == ({}, [])
