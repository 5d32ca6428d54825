"""Calls made up from the description of the interface: whatever comes in, the answers are as described."""

import json
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
import schemathesis
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, settings
from schemathesis.checks import CheckContext
from schemathesis.specs.openapi import checks

from regards_processing.kernel.rest.services import SERVICES
from tests.acceptance import configuration
from tests.stack.environment import Servers
from tests.stack.platform import Platform
from tests.stack.stack import open_stack

_TENANT = "fuzzed"
_APPLICATION = {"OAUTH_CLIENT_ID": "portal", "OAUTH_CLIENT_SECRET": "portal-secret-of-the-tests-0123456789"}
# Of all services at once: what others add is tried without being named here.
_DESCRIPTION = schemathesis.openapi.from_dict(
    SchemaGenerator().get_schema(public=True)  # type: ignore[no-untyped-call] # an untyped library
)
# Every value that a description rules out takes thousands of calls. On servers only: what gets as far as a
# database, PostgreSQL may refuse, and SQLite takes.
_DESCRIPTION.config.phases.coverage.enabled = not Servers.from_environment().embedded


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A platform with something in it, and who calls it."""

    address: str
    #: Of somebody who may do everything in the tenant.
    bearer: str
    #: Of the application by which people sign in.
    basic: str

    def authorization(self, case: schemathesis.Case[Any]) -> str:
        """Return the header of a call."""
        return self.bearer if any(service.name in case.path for service in SERVICES) else self.basic


@pytest.fixture(scope="module")
def target(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    folder = tmp_path_factory.mktemp("rest-fuzz")
    with (
        open_stack(servers=servers, folder=folder, name="rest-fuzz", variables=_APPLICATION) as stack,
        Platform(stack) as platform,
    ):
        platform.migrate()
        _fill(platform, folder)
        token = platform.manage(
            "issue_token", "--tenant", _TENANT, "--user", "ada", "--role", "PROJECT_ADMIN"
        )
        application = b64encode(":".join(_APPLICATION.values()).encode()).decode()
        _, address = platform.start_web()
        yield Target(address=address, bearer=f"Bearer {token.strip()}", basic=f"Basic {application}")


def _fill(platform: Platform, folder: Path) -> None:
    """Configure a tenant, and let it have requests that wait for workers."""
    file = folder / "configuration.json"
    file.write_text(configuration.document(configuration.ITEMS))
    platform.manage("create_tenant", _TENANT)
    platform.manage("import_configuration", str(file), "--tenant", _TENANT)
    manager = platform.start_manager()
    body = ["--body", "{}", "--count", "30", "--no-wait"]
    platform.manage("submit", "--tenant", _TENANT, "--content-type", "echo", *body)
    manager.terminate()


def is_foreseen(
    _context: CheckContext, response: schemathesis.Response, _case: schemathesis.Case[Any]
) -> None:
    """Find errors that nobody foresaw; they are described, so no other check does."""
    assert response.status_code != 500, response.text


def test_it_finds_something_to_answer(target: Target) -> None:
    call = Request(  # noqa: S310 (our own server)
        f"{target.address}/api/v1/rs-worker-manager/requests",
        data=b"{}",
        headers={"Authorization": target.bearer, "Content-Type": "application/json"},
    )
    with urlopen(call, timeout=30) as answer:  # noqa: S310 (likewise)
        assert json.load(answer)["metadata"]["totalElements"] == 30


@_DESCRIPTION.parametrize()
@settings(
    max_examples=4, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)
def test_it_answers_as_described(case: schemathesis.Case[Any], target: Target) -> None:
    case.call_and_validate(
        base_url=target.address,
        headers={"Authorization": target.authorization(case)},
        checks=[
            is_foreseen,
            checks.status_code_conformance,
            checks.content_type_conformance,
            checks.response_schema_conformance,
            checks.response_headers_conformance,
        ],
    )
