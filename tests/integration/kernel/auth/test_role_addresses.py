"""Callers of a role come from the addresses that their tenant lists, when it lists any."""

import pytest
from pytest_django import Settings
from rest_framework.test import APIClient

from regards_processing.kernel.tenancy.models import Tenant
from tests.factories.access import WORKERS, a_role_address, address_of
from tests.factories.rest import client_as
from tests.factories.worker_manager import a_tenant

pytestmark = pytest.mark.django_db


@pytest.fixture
def tenant() -> Tenant:
    return a_tenant(name="demo")


def _status(client: APIClient, *, peer: str = "10.1.2.3", forwarded: str | None = None) -> int:
    extra = {"REMOTE_ADDR": peer} | ({} if forwarded is None else {"HTTP_X_FORWARDED_FOR": forwarded})
    return client.get(address_of(WORKERS), **extra).status_code  # type: ignore[arg-type] # the stubs know headers only


def _from(peer: str, *, role: str = "EXPLOIT") -> int:
    return _status(client_as(role, tenant="demo"), peer=peer)


def test_it_lets_callers_come_from_everywhere_by_default(tenant: Tenant) -> None:
    a_role_address(tenant, role="ADMIN", pattern="nowhere")
    assert _from("192.0.2.1") == 200


def test_it_matches_the_whole_address(tenant: Tenant) -> None:
    a_role_address(tenant, role="EXPLOIT", pattern=r"10\.1\.2\.3")
    addresses = ("10.1.2.3", "10.1.2.33", "110.1.2.3", "10x1.2.3")
    assert [_from(address) for address in addresses] == [200, 401, 401, 401]


def test_it_needs_one_address_to_match(tenant: Tenant) -> None:
    a_role_address(tenant, role="EXPLOIT", pattern=r"192\.168\..*")
    a_role_address(tenant, role="EXPLOIT", pattern=r"10\.1\.\d+\.\d+")
    assert [_from(address) for address in ("192.168.0.1", "10.1.9.9", "10.2.9.9")] == [200, 200, 401]


@pytest.mark.parametrize(
    ("role", "status"), [("PROJECT_ADMIN", 401), ("INSTANCE_ADMIN", 200), ("SYS_rs-order", 200)]
)
def test_it_asks_nobody_above_tenants(tenant: Tenant, role: str, status: int) -> None:
    a_role_address(tenant, role=role, pattern="nowhere")
    assert _from("10.1.2.3", role=role) == status


def test_it_asks_public_callers_too(tenant: Tenant) -> None:
    a_role_address(tenant, role="PUBLIC", pattern="nowhere")
    answer = APIClient().get(address_of(WORKERS), headers={"scope": "demo"})
    assert answer.status_code == 401
    assert answer.json()["messages"] == ["Role PUBLIC may not call from 127.0.0.1"]


def test_it_believes_the_proxies_of_ours(tenant: Tenant, settings: Settings) -> None:
    a_role_address(tenant, role="EXPLOIT", pattern=r"192\.0\.2\.1")
    client = client_as("EXPLOIT", tenant="demo")
    assert _status(client, forwarded="192.0.2.1") == 401
    settings.TRUSTED_PROXIES = 1
    assert _status(client, forwarded="192.0.2.1") == 200
    assert _status(client, forwarded="192.0.2.1, 198.51.100.7") == 401


def test_it_keeps_the_addresses_of_other_tenants_out(tenant: Tenant) -> None:
    a_role_address(a_tenant(name="other"), role="EXPLOIT", pattern="nowhere")
    assert (_from("10.1.2.3"), tenant.name) == (200, "demo")
