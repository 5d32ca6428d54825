"""A service lists its endpoints and the roles that they need."""

from typing import Any

import pytest

from regards_processing.kernel.rest.services import RS_PROCESSING, RS_WORKER_MANAGER
from tests.factories.access import address_of, an_endpoint_role
from tests.factories.rest import client_as
from tests.factories.worker_manager import a_tenant

pytestmark = pytest.mark.django_db

_RESOURCES = "/security/resources"


def _listed(*, service: str = RS_WORKER_MANAGER.name, role: str = "SYS_rs-admin") -> list[dict[str, Any]]:
    answer = client_as(role, tenant="_NOTENANT_").get(address_of(_RESOURCES, service=service))
    assert answer.status_code == 200
    return [item["content"] for item in answer.json()]


def test_it_describes_an_endpoint() -> None:
    (found,) = [item for item in _listed() if item["id"] == "rs-worker-manager@/workers@GET"]
    assert found == {
        "id": "rs-worker-manager@/workers@GET",
        "microservice": "rs-worker-manager",
        "resource": "/workers",
        "controllerSimpleName": "LiveWorkerTypes",
        "verb": "GET",
        "defaultRole": "EXPLOIT",
        "description": "Return the live worker types and how many instances each has.",
    }


@pytest.mark.parametrize("service", [RS_PROCESSING.name, RS_WORKER_MANAGER.name])
def test_it_lists_each_endpoint_of_the_service_once(service: str) -> None:
    listed = _listed(service=service)
    assert {item["microservice"] for item in listed} == {service}
    assert len({item["id"] for item in listed}) == len(listed) > 5


def test_it_keeps_the_names_of_path_variables() -> None:
    assert "/requests/{requestId}" in {item["resource"] for item in _listed()}


def test_it_describes_every_endpoint() -> None:
    assert not [item["id"] for item in _listed() if not item["description"]]


def test_it_tells_default_roles_whatever_tenants_changed() -> None:
    an_endpoint_role(a_tenant(name="demo"), role="PUBLIC")  # type: ignore[arg-type] # the name of a role is one
    assert {item["defaultRole"] for item in _listed() if item["resource"] == "/workers"} == {"EXPLOIT"}


@pytest.mark.parametrize(("role", "status"), [("ADMIN", 403), ("PROJECT_ADMIN", 200)])
def test_it_is_for_administrators(role: str, status: int) -> None:
    a_tenant(name="demo")
    assert client_as(role, tenant="demo").get(address_of(_RESOURCES)).status_code == status
