"""``GET /statistics/workers``: how worker types did of late."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from regards_processing.kernel import clock
from regards_processing.kernel.auth.roles import Role
from regards_processing.kernel.tenancy.models import Tenant
from tests.factories.history import a_trail, finished_requests
from tests.factories.requests import requests
from tests.factories.rest import client_as
from tests.factories.worker_manager import AT, a_tenant, later
from worker_manager.services.statistics import worker_statistics
from workers.contract.bodies import format_date

pytestmark = pytest.mark.django_db

_HERE = "/api/v1/rs-worker-manager/statistics/workers"


def _ended(tenant: Tenant, request_id: str, *, seconds: float = 0, **facts: Any) -> None:
    at = later(seconds)
    finished_requests(tenant, request_id, finished_at=at, trail=a_trail(at=at, **facts))


def _read(query: str = "", *, role: str = Role.EXPLOIT) -> Any:
    return client_as(role, tenant="demo").get(f"{_HERE}{query}")


def test_it_tells_how_a_worker_type_did() -> None:
    at = clock.now() - timedelta(seconds=1)
    tenant = a_tenant()
    finished_requests(tenant, "r-1", "r-2", "r-3", finished_at=at, trail=a_trail(at=at))
    failed = a_trail(at=at, outcome="ERROR", queued=1, ran=9)
    requests(tenant, "r-4", status="ERROR", moved_at=at, trail=failed)
    requests(tenant, "r-5", status="NO_WORKER_AVAILABLE", moved_at=at)
    answer = _read()
    assert answer.status_code == 200
    (found,) = answer.json()["workers"]
    assert found == {
        "workerType": "unzip-worker",
        "attempts": 4,
        "perMinute": 0.067,
        "outcomes": {"ERROR": 1, "SUCCESS": 3},
        "errorShare": 0.25,
        "queueSeconds": {"p50": 0.5, "p95": 1},
        "runSeconds": {"p50": 3.5, "p95": 9},
    }


def test_it_looks_at_the_last_hour_or_since_when_it_is_told() -> None:
    at = clock.now() - timedelta(hours=2)
    finished_requests(a_tenant(), "r-1", finished_at=at, trail=a_trail(at=at))
    assert _read().json()["workers"] == []
    since = format_date(at - timedelta(minutes=1))
    answer = _read(f"?since={since}").json()
    assert (answer["since"], answer["workers"][0]["attempts"]) == (since, 1)


def test_it_is_exact_of_a_shorter_while_where_there_is_too_much(settings: Settings) -> None:
    settings.STATISTICS_REQUESTS = 3
    tenant = a_tenant()
    for number in range(6):
        _ended(tenant, f"r-{number}", seconds=number)
    found = worker_statistics(tenant=tenant, since=AT, at=later(10))
    assert (found.since, found.until, found.workers[0].attempts) == (later(3), later(10), 3)


def test_it_counts_nothing_of_other_tenants() -> None:
    a_tenant()
    _ended(other := a_tenant(name="other"), "r-1")
    requests(other, "r-2", moved_at=AT, trail=a_trail(outcome="ERROR"))
    assert _read(f"?since={format_date(later(-60))}").json()["workers"] == []
    assert worker_statistics(tenant=other, since=later(-60), at=later(1)).workers[0].attempts == 2


@pytest.mark.parametrize("since", ["yesterday", "2025-13-01", "9999-01-01T00:00:00Z"])
def test_it_refuses_what_is_no_moment_of_the_past(since: str) -> None:
    a_tenant()
    answer = _read(f"?since={since}")
    told = f"Parameter since={since} is refused: a date of the past such as 2025-01-23T14:42:27Z is expected"
    assert (answer.status_code, answer.json()) == (400, {"messages": [told]})


@pytest.mark.parametrize("role", [Role.PUBLIC, Role.REGISTERED_USER])
def test_it_is_not_for_everybody(role: str) -> None:
    a_tenant()
    assert _read(role=role).status_code == 403


@pytest.mark.parametrize("count", [1, 50])
def test_it_costs_two_statements_however_many_requests_there_are(count: int) -> None:
    tenant = a_tenant()
    finished_requests(tenant, *(f"r-{number}" for number in range(count)))
    with CaptureQueriesContext(connection) as captured:
        worker_statistics(tenant=tenant, since=later(-60), at=later(1))
    assert len(captured.captured_queries) == 2
