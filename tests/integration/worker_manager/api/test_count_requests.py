"""``POST /requests/count``: how many requests there are, by status and by worker type."""

from typing import Any, Final

import pytest

from regards_processing.kernel.auth.roles import Role
from regards_processing.kernel.rest.totals import LARGE
from regards_processing.kernel.tenancy.models import Tenant
from tests.factories.requests import requests
from tests.factories.rest import client_as
from tests.factories.worker_manager import a_tenant

pytestmark = pytest.mark.django_db

_HERE: Final = "/api/v1/rs-worker-manager/requests/count"
_NOTHING: Final = {"total": 0, "byStatus": {}, "byWorkerType": {}, "withoutWorkerType": 0}


@pytest.fixture
def tenant() -> Tenant:
    demo = a_tenant()
    requests(demo, "r-1", "r-2", status="ERROR")
    requests(demo, "r-3", status="ERROR", step_worker_type="sip-worker", session="2025-07")
    requests(demo, "r-4", status="RUNNING")
    requests(demo, "r-5", status="NO_WORKER_AVAILABLE", step_worker_type=None)
    return demo


def _count(body: object, *, role: str = Role.EXPLOIT, tenant: str = "demo") -> Any:
    return client_as(role, tenant=tenant).post(_HERE, body, format="json")


@pytest.mark.usefixtures("tenant")
def test_it_counts_all() -> None:
    answer = _count({})
    assert (answer.status_code, answer.json()) == (
        200,
        {
            "total": 5,
            "byStatus": {"ERROR": 3, "NO_WORKER_AVAILABLE": 1, "RUNNING": 1},
            "byWorkerType": {"sip-worker": 1, "unzip-worker": 3},
            "withoutWorkerType": 1,
        },
    )


@pytest.mark.parametrize(
    ("wanted", "total"),
    [
        ({"session": "2025-06"}, 4),
        ({"statuses": {"values": ["ERROR"], "mode": "EXCLUDE"}}, 2),
        ({"session": "2025-07", "statuses": {"values": ["ERROR"], "mode": "INCLUDE"}}, 1),
        ({"requestId": "r-4"}, 1),
        ({"requestIds": {"values": ["r-1", "r-4"], "mode": "INCLUDE"}}, 2),
        ({"contentTypes": {"values": ["other"], "mode": "INCLUDE"}}, 0),
    ],
)
@pytest.mark.usefixtures("tenant")
def test_it_counts_what_a_filter_means(wanted: dict[str, Any], total: int) -> None:
    counts = _count(wanted).json()
    assert counts["total"] == total
    assert sum(counts["byStatus"].values()) == total
    assert sum(counts["byWorkerType"].values()) + counts["withoutWorkerType"] == total


@pytest.mark.usefixtures("tenant")
def test_it_counts_nothing_of_other_tenants() -> None:
    a_tenant(name="other")
    assert _count({}, tenant="other").json() == _NOTHING


def test_it_remembers_large_totals_only(tenant: Tenant) -> None:
    # A filter of its own: what is remembered here must not meet other tests.
    wanted = {"source": "acm"}
    assert _count(wanted).json()["total"] == 5
    requests(tenant, *(f"m-{number}" for number in range(LARGE)))
    assert _count(wanted).json()["total"] == LARGE + 5
    requests(tenant, "one-more")
    assert _count(wanted).json()["byStatus"]["ERROR"] == LARGE + 3
    assert _count({"source": "acme"}).json()["byStatus"]["ERROR"] == LARGE + 4


@pytest.mark.usefixtures("tenant")
def test_it_refuses_a_filter_that_breaks_a_rule() -> None:
    answer = _count({"statuses": {"values": ["LOST"], "mode": "INCLUDE"}})
    assert answer.status_code == 422
    assert answer.json()["messages"][0].startswith('statuses.values[0]: "LOST" is not one of TO_DISPATCH')


@pytest.mark.usefixtures("tenant")
def test_it_wants_a_filter() -> None:
    answer = client_as(Role.EXPLOIT, tenant="demo").post(_HERE)
    assert (answer.status_code, answer.json()) == (400, {"messages": ["A JSON body is required."]})


@pytest.mark.usefixtures("tenant")
def test_it_is_not_for_everybody() -> None:
    assert _count({}, role=Role.REGISTERED_USER).status_code == 403
