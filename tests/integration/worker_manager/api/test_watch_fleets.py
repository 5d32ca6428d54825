"""``/fleets``: who serves which worker type, and what the tenant has there."""

from datetime import timedelta
from typing import Any, Final

import pytest
from django.conf import settings

from regards_processing.kernel import clock
from regards_processing.kernel.auth.identity import INSTANCE
from regards_processing.kernel.auth.roles import Role
from regards_processing.kernel.tenancy.models import Tenant
from regards_processing.kernel.tenancy.services import enable_maintenance
from tests.factories.audit import ADA
from tests.factories.history import a_trail, finished_requests
from tests.factories.requests import requests
from tests.factories.rest import client_as
from tests.factories.worker_manager import a_tenant, a_worker_type
from worker_manager.models import FinishedRequest, WorkerInstance
from worker_manager.states import RequestStatus
from workers.contract.bodies import parse_date

pytestmark = pytest.mark.django_db

_HERE: Final = "/api/v1/rs-worker-manager/fleets"


def _instance(worker_id: str, *, silent: bool = False, **others: Any) -> None:
    now = clock.now()
    heard = now - timedelta(seconds=settings.HEARTBEAT_EXPIRY + 1 if silent else 0)
    usual = {"worker_type": "unzip-worker", "protocol": "celery", "version": "1.0", "concurrency": 4}
    WorkerInstance.objects.create(
        worker_id=worker_id, beaten_at=heard, first_beaten_at=now - timedelta(hours=1), **(usual | others)
    )


def _finished(tenant: Tenant, *, ago: float) -> None:
    FinishedRequest.objects.create(
        tenant=tenant,
        request_id=f"f-{ago}",
        content_type="unzip",
        source="acme",
        session="2025-06",
        status=RequestStatus.SUCCESS,
        worker_type="unzip-worker",
        digest=b"",
        creation_date=clock.now() - timedelta(seconds=ago),
        finished_at=clock.now() - timedelta(seconds=ago),
    )


def _read(path: str = "", *, role: str = Role.EXPLOIT, tenant: str = "demo", status: int = 200) -> Any:
    answer = client_as(role, tenant=tenant).get(f"{_HERE}{path}")
    assert answer.status_code == status, answer.content
    return answer.json()


def test_it_tells_what_a_fleet_is() -> None:
    a_worker_type(a_tenant())
    _instance("w-1")
    _instance("w-2", version="1.1", concurrency=2, protocol="raw")
    _instance("w-3", silent=True, version="0.9")
    (told,) = _read()
    fleet = told["content"]
    assert {name: fleet[name] for name in ("workerType", "configured", "alive", "concurrency")} == {
        "workerType": "unzip-worker",
        "configured": True,
        "alive": True,
        "concurrency": 6,
    }
    assert (fleet["instances"], fleet["silentInstances"]) == (2, 1)
    assert (fleet["versions"], fleet["protocols"]) == (["1.0", "1.1"], ["celery", "raw"])
    assert fleet["firstBeat"] < fleet["lastBeat"]
    assert told["links"] == [{"rel": "self", "href": f"http://testserver{_HERE}/unzip-worker"}]


def test_it_counts_what_the_tenant_has_there() -> None:
    tenant = a_tenant()
    a_worker_type(tenant)
    for number, status in enumerate(["DISPATCHED", "RUNNING", "RUNNING", "NO_WORKER_AVAILABLE", "ERROR"]):
        requests(tenant, f"r-{number}", status=status)
    requests(tenant, "r-5", status="TO_DISPATCH")
    _finished(tenant, ago=5)
    _finished(tenant, ago=3600)
    fleet = _read()[0]["content"]
    counted = {name: fleet[name] for name in ("inFlight", "running", "waiting", "finishedOfLate")}
    assert counted == {"inFlight": 3, "running": 2, "waiting": 2, "finishedOfLate": 1}


def test_it_tells_how_the_attempts_of_the_last_hour_went() -> None:
    tenant, other, at = a_tenant(), a_tenant(name="other"), clock.now()
    _instance("w-1")
    _instance("s-1", worker_type="sip-worker")
    finished_requests(tenant, "r-1", "r-2", "r-3", finished_at=at, trail=a_trail(at=at))
    requests(tenant, "r-4", status="ERROR", moved_at=at, trail=a_trail(at=at, outcome="ERROR", ran=9))
    finished_requests(other, "r-1", finished_at=at, trail=a_trail(at=at))
    idle, busy = (each["content"] for each in _read())
    assert "statistics" not in idle
    since = busy["statistics"].pop("since")
    assert timedelta(hours=1) <= clock.now() - parse_date(since, field="since") < timedelta(hours=2)
    assert busy["statistics"] == {
        "attempts": 4,
        "perMinute": 0.067,
        "errorShare": 0.25,
        "queueSeconds": {"p50": 0.5, "p95": 0.5},
        "runSeconds": {"p50": 3.5, "p95": 9},
    }
    assert _read("/unzip-worker")["content"]["statistics"]["attempts"] == 4
    assert _read("/unzip-worker", role=Role.INSTANCE_ADMIN)["content"]["statistics"]["attempts"] == 5


def test_it_lists_what_is_configured_and_what_is_silent() -> None:
    a_worker_type(a_tenant())
    _instance("s-1", worker_type="sip-worker", silent=True)
    silent, configured = (each["content"] for each in _read())
    assert (silent["workerType"], silent["alive"], silent["configured"]) == ("sip-worker", False, False)
    assert silent["lastBeat"] > silent["firstBeat"]
    assert (configured["workerType"], configured["alive"], configured["instances"]) == (
        "unzip-worker",
        False,
        0,
    )
    assert {"firstBeat", "lastBeat", "concurrency"}.isdisjoint(configured)


def test_it_reads_one_instance_by_instance() -> None:
    tenant = a_tenant()
    _instance("w-2", clock_ahead=1.5, run_seconds=0.25)
    _instance("w-1", silent=True, version=None, concurrency=None)
    _instance("s-1", worker_type="sip-worker")
    moved = clock.now()
    requests(tenant, "r-2", status="RUNNING", worker_id="w-2", moved_at=moved)
    requests(tenant, "r-1", status="RUNNING", worker_id="w-2", moved_at=moved - timedelta(minutes=1))
    requests(tenant, "r-3", status="RUNNING", worker_id=None)
    requests(tenant, "r-4", status="DISPATCHED", worker_id="w-2")
    fleet = _read("/unzip-worker")["content"]
    assert (fleet["running"], fleet["inFlight"]) == (3, 4)
    first, second = fleet["members"]
    assert (first["workerId"], first["alive"], first["running"], first["requests"]) == ("w-1", False, 0, [])
    assert {"version", "concurrency", "runSeconds", "clockAhead"}.isdisjoint(first)
    assert (second["workerId"], second["alive"], second["running"]) == ("w-2", True, 2)
    assert (second["version"], second["protocol"], second["concurrency"]) == ("1.0", "celery", 4)
    assert (second["runSeconds"], second["clockAhead"]) == (0.25, 1.5)
    assert [(each["requestId"], each["tenant"]) for each in second["requests"]] == [
        ("r-1", "demo"),
        ("r-2", "demo"),
    ]


def test_it_says_that_it_knows_no_such_fleet() -> None:
    a_tenant()
    assert _read("/none", status=404) == {
        "messages": ["No worker of type none was heard of late, and none is configured"]
    }


def test_it_counts_nothing_of_other_tenants() -> None:
    other = a_tenant(name="other")
    a_worker_type(other)
    a_worker_type(other, worker_type="secret-worker", inputs=["secret"])
    requests(other, "r-1", status="RUNNING", worker_id="w-1")
    _finished(other, ago=5)
    a_tenant()
    _instance("w-1")
    (told,) = _read()
    fleet = told["content"]
    assert (fleet["configured"], fleet["inFlight"], fleet["running"]) == (False, 0, 0)
    assert fleet["finishedOfLate"] == 0
    (member,) = _read("/unzip-worker")["content"]["members"]
    assert (member["running"], member["requests"]) == (0, [])
    assert _read("/secret-worker", status=404)


@pytest.mark.parametrize("tenant", ["demo", INSTANCE])
def test_it_shows_everything_to_who_stands_above_tenants(tenant: str) -> None:
    demo, other = a_tenant(), a_tenant(name="other")
    _instance("w-1")
    requests(demo, "r-1", status="RUNNING", worker_id="w-1")
    requests(other, "r-1", status="RUNNING", worker_id="w-1")
    _finished(other, ago=5)
    assert _read(role=Role.INSTANCE_ADMIN, tenant=tenant)[0]["content"]["running"] == 2
    fleet = _read("/unzip-worker", role=Role.INSTANCE_ADMIN, tenant=tenant)["content"]
    assert {each["tenant"] for each in fleet["members"][0]["requests"]} == {"demo", "other"}
    narrowed = _read("?tenant=other", role=Role.INSTANCE_ADMIN, tenant=tenant)[0]["content"]
    assert (narrowed["running"], narrowed["finishedOfLate"]) == (1, 1)


def test_it_refuses_to_tell_of_a_tenant_that_is_not_there() -> None:
    a_tenant()
    answer = _read("?tenant=none", role=Role.INSTANCE_ADMIN, status=400)
    assert answer == {
        "messages": ["Parameter tenant=none is refused: the name of an active tenant is expected"]
    }


def test_it_refuses_to_tell_of_another_tenant() -> None:
    a_tenant()
    a_tenant(name="other")
    refused = ["Access denied: role PROJECT_ADMIN may not ask for tenant other"]
    assert _read("?tenant=other", role=Role.PROJECT_ADMIN, status=403) == {"messages": refused}
    assert _read("?tenant=demo", role=Role.PROJECT_ADMIN) == []


@pytest.mark.parametrize("path", ["", "/unzip-worker"])
def test_it_is_not_for_everybody(path: str) -> None:
    a_tenant()
    _read(path, role=Role.REGISTERED_USER, status=403)
    _read(path, role=Role.EXPLOIT, tenant=INSTANCE, status=401)


def test_it_can_be_read_during_maintenance() -> None:
    a_tenant()
    enable_maintenance(tenants=["demo"], actor=ADA, at=clock.now())
    assert _read() == []
