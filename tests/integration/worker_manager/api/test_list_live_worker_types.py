"""``GET /workers``: the worker types that are alive."""

from datetime import timedelta

import pytest
from django.conf import settings

from regards_processing.kernel import clock
from regards_processing.kernel.auth.roles import Role
from tests.factories.rest import client_as
from tests.factories.worker_manager import a_tenant, a_worker_type, live_workers

pytestmark = pytest.mark.django_db

_HERE = "/api/v1/rs-worker-manager/workers"


def _listed(query: str = "", *, tenant: str = "demo") -> dict[str, int]:
    answer = client_as(Role.EXPLOIT, tenant=tenant).get(f"{_HERE}{query}")
    assert answer.status_code == 200
    return {row["workerType"]: row["nbInstance"] for row in answer.json()}


def _alive(*worker_types: str, worker_id: str | None = None) -> None:
    live_workers(*worker_types, worker_id=worker_id, at=clock.now())


def test_it_counts_the_instances_of_each_type() -> None:
    a_tenant()
    _alive("unzip-worker", worker_id="w-1")
    _alive("unzip-worker", worker_id="w-2")
    _alive("sip-worker")
    answer = client_as(Role.EXPLOIT, tenant="demo").get(_HERE)
    assert answer.json() == [
        {"workerType": "sip-worker", "nbInstance": 1},
        {"workerType": "unzip-worker", "nbInstance": 2},
    ]


def test_it_leaves_out_who_is_silent() -> None:
    a_tenant()
    silent = clock.now() - timedelta(seconds=settings.HEARTBEAT_EXPIRY + 1)
    live_workers("unzip-worker", worker_id="w-1", at=silent)
    _alive("unzip-worker", worker_id="w-2")
    live_workers("sip-worker", at=silent)
    assert _listed() == {"unzip-worker": 1}


def test_it_lists_nothing_where_nothing_is_alive() -> None:
    a_tenant()
    assert _listed() == {}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?contentTypes=unzip", {"unzip-worker"}),
        ("?contentTypes=unzip,untar", {"unzip-worker"}),
        ("?contentTypes=unzip&contentTypes=sip", {"unzip-worker", "sip-worker"}),
        ("?contentTypes=sip,unzip", {"unzip-worker", "sip-worker"}),
        ("?contentTypes=UNZIP", set()),
        ("?contentTypes=other", set()),
        ("?contentTypes=", {"unzip-worker", "sip-worker", "foreign-worker"}),
    ],
)
def test_it_keeps_types_that_take_a_content_type(query: str, found: set[str]) -> None:
    tenant = a_tenant()
    a_worker_type(tenant, inputs=["unzip", "untar"])
    a_worker_type(tenant, worker_type="sip-worker", inputs=["sip"])
    _alive("unzip-worker", "sip-worker", "foreign-worker")
    assert set(_listed(query)) == found


def test_it_asks_the_configuration_of_the_callers_tenant() -> None:
    a_worker_type(a_tenant())
    a_tenant(name="other")
    _alive("unzip-worker")
    assert _listed("?contentTypes=unzip") == {"unzip-worker": 1}
    assert _listed("?contentTypes=unzip", tenant="other") == {}
    assert _listed(tenant="other") == {"unzip-worker": 1}


@pytest.mark.parametrize("role", [Role.PUBLIC, Role.REGISTERED_USER])
def test_it_is_not_for_everybody(role: str) -> None:
    a_tenant()
    assert client_as(role, tenant="demo").get(_HERE).status_code == 403
