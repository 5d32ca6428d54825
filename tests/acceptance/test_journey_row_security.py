"""The whole platform behind PostgreSQL's own wall between tenants."""

import re
from collections.abc import Iterator
from dataclasses import replace
from urllib.request import Request, urlopen

import pytest

from tests.acceptance import configuration
from tests.factories.database_roles import role_that_owns
from tests.stack.platform import Platform
from tests.stack.stack import Stack

pytestmark = pytest.mark.postgres


@pytest.fixture
def walled(stack: Stack) -> Iterator[Platform]:
    """Give a platform whose tables are protected, and whose role is not above that."""
    url = stack.database_url or ""
    variables = {
        "REGARDS_TENANTS": "default,second",
        "ROW_LEVEL_SECURITY": "true",
        "WORKER_MODULES": "tests.acceptance.worker_types",
        "SWEEP_SECONDS": "1",
    }
    with role_that_owns(url) as role:
        behind = replace(stack, database_url=f"{url}?assume_role={role}", variables=variables)
        with Platform(behind) as platform:
            platform.migrate()
            platform.manage("row_security")
            platform.manage("create_tenant")
            yield platform


def _configured(platform: Platform, address: str, tenant: str) -> str:
    """Return the configuration of a tenant, as its administrator gets it by REST."""
    token = platform.manage("issue_token", "--tenant", tenant, "--user", "ada", "--role", "PROJECT_ADMIN")
    url = f"{address}/api/v1/rs-worker-manager/microservice/configuration"
    with urlopen(Request(url, headers={"Authorization": f"Bearer {token.strip()}"}), timeout=30) as answer:  # noqa: S310 (our own address)
        return str(answer.read().decode())


def test_it_serves_every_tenant_and_shows_each_its_own(walled: Platform) -> None:
    for tenant in ("default", "second"):
        document = configuration.document([configuration.worker("accept-echo", f"echo-{tenant}")])
        walled.manage("import_configuration", "-", "--tenant", tenant, stdin=document)
    with walled.side_by_side():
        _, address = walled.start_web()
        walled.start_manager()
        walled.start_jobs()
        walled.start_beat()
        walled.start_fleet(["accept-echo"])
    for tenant in ("default", "second"):
        arguments = ("--content-type", f"echo-{tenant}", "--tenant", tenant, "--body", '{"n": 1}')
        assert '"SUCCESS"' in walled.manage("submit", *arguments)
        shown = _configured(walled, address, tenant)
        assert re.findall("echo-(?:default|second)", shown) == [f"echo-{tenant}"]
    walled.manage("row_security", "--check")
