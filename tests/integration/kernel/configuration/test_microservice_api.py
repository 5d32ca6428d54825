"""Services tell whether they are ready; they do not restart themselves."""

import pytest

from regards_processing.kernel.auth.roles import Role
from regards_processing.kernel.rest.services import SERVICES, Service
from tests.factories.rest import client_as
from tests.factories.worker_manager import a_tenant

pytestmark = pytest.mark.django_db

_EACH_SERVICE = pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
_PATHS = ("ready", "ready/enabled", "restart", "restart/enabled")


def _path(service: Service, path: str) -> str:
    return f"/api/v1/{service.name}/microservice/{path}"


@_EACH_SERVICE
def test_it_says_whether_it_is_ready_and_why_not(service: Service) -> None:
    a_tenant()
    answer = client_as(tenant="demo").get(_path(service, "ready"))
    assert (answer.status_code, set(answer.json())) == (200, {"ready", "reasons"})
    assert answer.json()["ready"] is not bool(answer.json()["reasons"])
    assert client_as(tenant="demo").get(_path(service, "ready/enabled")).status_code == 200


@_EACH_SERVICE
@pytest.mark.parametrize("path", ["restart", "restart/enabled"])
def test_it_does_not_restart(service: Service, path: str) -> None:
    a_tenant()
    answer = client_as(tenant="demo").get(_path(service, path))
    assert (answer.status_code, answer.json()["messages"]) == (
        501,
        ["The service does not restart itself: restart its processes where they are run."],
    )


@_EACH_SERVICE
@pytest.mark.parametrize("path", _PATHS)
def test_it_is_for_administrators_of_the_project(service: Service, path: str) -> None:
    a_tenant()
    assert client_as(Role.ADMIN, tenant="demo").get(_path(service, path)).status_code == 403
