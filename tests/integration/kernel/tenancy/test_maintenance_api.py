"""Maintenance by REST: who sees it, who switches it."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from regards_processing.kernel.audit.models import AuditEntry
from regards_processing.kernel.auth.roles import Role
from regards_processing.kernel.rest.services import SERVICES
from regards_processing.kernel.tenancy import services
from regards_processing.kernel.tenancy.queries import tenants_in_maintenance
from tests.factories.audit import ADA
from tests.factories.rest import client_as
from tests.factories.worker_manager import AT, a_tenant, later

pytestmark = pytest.mark.django_db

_OF_EACH_SERVICE = pytest.mark.parametrize("service", [service.name for service in SERVICES])
_ABOVE = [(Role.INSTANCE_ADMIN, "instance"), ("SYS_rs-order", "_NOTENANT_"), ("SYS_rs-order", "demo")]


def _list(client: APIClient, service: str = "rs-processing") -> Any:
    return client.get(f"/api/v1/{service}/maintenance").json()


def _switch(client: APIClient, tenant: str, to: str, service: str = "rs-processing") -> Any:
    return client.put(f"/api/v1/{service}/maintenance/{tenant}/{to}")


@_OF_EACH_SERVICE
def test_it_shows_an_administrator_the_own_tenant(service: str) -> None:
    a_tenant(name="demo"), a_tenant(name="other")
    services.enable_maintenance(tenants=["demo", "other"], actor=ADA, at=later(1.5))
    shown = _list(client_as(tenant="demo"), service)
    assert shown["content"] == {"demo": {"active": True, "lastUpdate": "2025-06-01T12:00:01.5Z"}}


@pytest.mark.parametrize(("role", "tenant"), _ABOVE)
def test_it_shows_every_tenant_to_those_above_tenants(role: str, tenant: str) -> None:
    a_tenant(name="demo"), a_tenant(name="other")
    services.enable_maintenance(tenants=["other"], actor=ADA, at=later(1))
    assert _list(client_as(role, tenant=tenant))["content"] == {
        "demo": {"active": False, "lastUpdate": "2025-06-01T12:00:00Z"},
        "other": {"active": True, "lastUpdate": "2025-06-01T12:00:01Z"},
    }


@_OF_EACH_SERVICE
def test_it_lets_an_administrator_switch_the_own_tenant(service: str) -> None:
    a_tenant(name="demo"), a_tenant(name="other")
    administrator = client_as(tenant="demo", login="grace")
    assert _switch(administrator, "demo", "enable", service).status_code == 200
    assert tenants_in_maintenance() == ["demo"]
    assert _switch(administrator, "demo", "disable", service).status_code == 200
    assert tenants_in_maintenance() == []
    recorded = AuditEntry.objects.order_by("pk").values_list("action", "tenant", "actor", "origin")
    assert list(recorded) == [
        ("maintenance.enabled", "demo", "grace", "REST"),
        ("maintenance.disabled", "demo", "grace", "REST"),
    ]


def test_it_switches_twice_without_a_word() -> None:
    a_tenant(name="demo")
    administrator = client_as(tenant="demo")
    assert [_switch(administrator, "demo", "enable").status_code for _ in range(2)] == [200, 200]
    assert (tenants_in_maintenance(), AuditEntry.objects.count()) == (["demo"], 1)


@pytest.mark.parametrize(("role", "tenant"), _ABOVE)
def test_it_lets_those_above_tenants_switch_any(role: str, tenant: str) -> None:
    a_tenant(name="demo"), a_tenant(name="other"), a_tenant(name="asleep", active=False)
    client = client_as(role, tenant=tenant)
    assert [_switch(client, name, "enable").status_code for name in ("other", "asleep")] == [200, 200]
    assert tenants_in_maintenance() == ["asleep", "other"]


@pytest.mark.parametrize("to", ["enable", "disable"])
def test_it_does_not_know_a_tenant_that_does_not_exist(to: str) -> None:
    answer = _switch(client_as(Role.INSTANCE_ADMIN, tenant="instance"), "nobody", to)
    assert (answer.status_code, answer.json()["messages"]) == (404, ["There is no tenant nobody"])


@pytest.mark.parametrize("to", ["enable", "disable"])
@pytest.mark.parametrize("foreign", ["other", "nobody"])
def test_it_refuses_an_administrator_of_another_tenant(to: str, foreign: str) -> None:
    a_tenant(name="demo"), a_tenant(name="other")
    services.enable_maintenance(tenants=["demo"], actor=ADA, at=AT)
    assert _switch(client_as(tenant="demo"), foreign, to).status_code == 403
    assert tenants_in_maintenance() == ["demo"]


@pytest.mark.parametrize("role", [Role.ADMIN, Role.EXPLOIT, Role.REGISTERED_USER, Role.PUBLIC])
def test_it_refuses_lesser_roles(role: str) -> None:
    a_tenant(name="demo")
    client = client_as(role, tenant="demo")
    answers = [client.get("/api/v1/rs-processing/maintenance"), _switch(client, "demo", "enable")]
    assert [answer.status_code for answer in answers] == [403, 403]


@pytest.mark.parametrize("name", ["asleep", "nobody"])
def test_it_refuses_callers_of_a_tenant_that_is_not_active(name: str) -> None:
    a_tenant(name="asleep", active=False)
    assert _switch(client_as(tenant=name), name, "enable").status_code == 401
