"""Signing in and the rules of a tenant work as well where PostgreSQL hides the rows of other tenants."""

from collections.abc import Iterator

import pytest
from rest_framework.test import APIClient

from regards_processing.kernel.auth.roles import Role
from tests.factories.access import (
    SETTINGS,
    WORKERS,
    a_custom_role,
    a_grant,
    a_membership,
    a_role_address,
    a_user,
    address_of,
    an_endpoint_role,
)
from tests.factories.database_roles import connected_as, protected_tables
from tests.factories.sign_in import ask_for_token
from tests.factories.worker_manager import a_tenant

pytestmark = [pytest.mark.postgres, pytest.mark.usefixtures("application")]


@pytest.fixture
def _protected(transactional_db: None) -> Iterator[None]:  # noqa: ARG001 (other connections must see the rows)
    tenant = a_tenant(name="demo")
    a_custom_role(tenant, name="SCIENTIST")
    a_membership(a_user("ada"), tenant, role="SCIENTIST")
    a_grant(tenant, role="SCIENTIST")
    an_endpoint_role(tenant, role=Role.REGISTERED_USER, path=SETTINGS)
    a_role_address(tenant, role="SCIENTIST", pattern=r"10\.1\..*")
    with protected_tables() as role, connected_as(role):
        yield


@pytest.mark.usefixtures("_protected")
def test_it_finds_everything_that_the_tenant_configured() -> None:
    answer = ask_for_token("ada")
    assert answer.json()["role"] == "SCIENTIST"
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {answer.json()['access_token']}")
    statuses = [
        client.get(address_of(path), REMOTE_ADDR=peer).status_code
        for path, peer in ((WORKERS, "10.1.0.1"), (SETTINGS, "10.1.0.1"), (WORKERS, "10.2.0.1"))
    ]
    assert statuses == [200, 200, 401]
