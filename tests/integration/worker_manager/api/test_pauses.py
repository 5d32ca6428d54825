"""``/pauses`` and the switches of worker types and content types."""

from typing import Any, Final

import pytest

from regards_processing.kernel.auth.identity import INSTANCE
from regards_processing.kernel.auth.roles import Role
from tests.factories.requests import requests
from tests.factories.rest import client_as
from tests.factories.worker_manager import a_tenant, a_worker_type
from worker_manager.states import RequestStatus

pytestmark = pytest.mark.django_db

_API: Final = "/api/v1/rs-worker-manager"
_EACH = pytest.mark.parametrize("path", ["workers/unzip-worker", "content-types/unzip"])


def _post(path: str, *, role: str = Role.ADMIN, tenant: str = "demo", status: int = 200) -> Any:
    answer = client_as(role, tenant=tenant).post(f"{_API}/{path}")
    assert answer.status_code == status, answer.content
    return answer.json().get("content", answer.json())


def _list(*, role: str = Role.EXPLOIT, tenant: str = "demo") -> list[Any]:
    answer = client_as(role, tenant=tenant).get(f"{_API}/pauses")
    assert answer.status_code == 200, answer.content
    return [row["content"] for row in answer.json()]


@_EACH
def test_it_pauses_and_resumes(path: str) -> None:
    tenant = a_tenant()
    a_worker_type(tenant)
    requests(tenant, "r-1", status=RequestStatus.RUNNING)
    requests(tenant, "r-2", "r-3", status=RequestStatus.TO_DISPATCH)
    paused = _post(f"{path}/pause")
    assert (paused["tenant"], paused["pausedBy"], paused["inFlight"], paused["held"]) == ("demo", "ada", 1, 2)
    assert [(row["name"], row["kind"], row["held"]) for row in _list()] == [
        (paused["name"], paused["kind"], 2)
    ]
    assert (_post(f"{path}/resume"), _list()) == ({"resumed": True}, [])
    assert _post(f"{path}/resume") == {"resumed": False}


@_EACH
@pytest.mark.parametrize("verb", ["pause", "resume"])
def test_it_is_up_to_administrators(path: str, verb: str) -> None:
    a_worker_type(a_tenant())
    _post(f"{path}/{verb}", role=Role.EXPLOIT, status=403)


def test_it_pauses_for_everybody_when_nobody_is_named() -> None:
    for name in ("demo", "other"):
        a_worker_type(a_tenant(name=name))
    _post("workers/unzip-worker/pause", role=Role.INSTANCE_ADMIN, tenant=INSTANCE)
    assert ["tenant" in row for row in _list()] == [False]
    assert _post("workers/unzip-worker/resume") == {"resumed": False}
    assert _post("workers/unzip-worker/resume", role=Role.INSTANCE_ADMIN, tenant=INSTANCE) == {
        "resumed": True
    }


def test_it_pauses_for_the_tenant_that_is_named() -> None:
    for name in ("demo", "other"):
        a_worker_type(a_tenant(name=name))
    _post("workers/unzip-worker/pause?tenant=other", role=Role.INSTANCE_ADMIN, tenant=INSTANCE)
    assert (_list(), [row["tenant"] for row in _list(tenant="other")]) == ([], ["other"])
    _post("workers/unzip-worker/pause?tenant=other", status=403)


@pytest.mark.parametrize("path", ["workers/nobody", "content-types/nobody's"])
def test_it_does_not_know_what_nobody_configured(path: str) -> None:
    a_tenant()
    assert "can be paused" in str(_post(f"{path}/pause", status=404))


def test_it_counts_the_requests_of_its_own_tenant() -> None:
    for name in ("demo", "other"):
        tenant = a_tenant(name=name)
        a_worker_type(tenant)
        requests(
            tenant, *[f"{name}-{number}" for number in range(len(name))], status=RequestStatus.TO_DISPATCH
        )
    _post("workers/unzip-worker/pause", role=Role.INSTANCE_ADMIN, tenant=INSTANCE)
    assert [row["held"] for row in _list()] == [4]
    assert [row["held"] for row in _list(role=Role.INSTANCE_ADMIN, tenant=INSTANCE)] == [9]


def test_it_shows_in_the_fleet() -> None:
    a_worker_type(a_tenant(), max_in_flight=7)
    _post("workers/unzip-worker/pause")
    answer = client_as(Role.EXPLOIT, tenant="demo").get(f"{_API}/fleets/unzip-worker").json()["content"]
    assert (answer["paused"], answer["held"]) == (True, 0)
