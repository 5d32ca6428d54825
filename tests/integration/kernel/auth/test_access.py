"""Who may call what: the contract's table, and what a tenant changed about it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from regards_processing.kernel.auth.access import Access
from regards_processing.kernel.auth.roles import Role
from regards_processing.kernel.tenancy.models import Tenant
from tests.factories.access import WORKERS, a_custom_role, a_grant, a_role_address, an_endpoint_role
from tests.factories.rest import caller
from tests.factories.worker_manager import a_tenant

pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class _Endpoint:
    service: str = "rs-worker-manager"
    path: str = WORKERS
    roles: Mapping[str, Role] = field(default_factory=lambda: {"GET": Role.EXPLOIT})


def _needing(role: Role) -> _Endpoint:
    return _Endpoint(roles={"GET": role})


@pytest.fixture
def tenant() -> Tenant:
    return a_tenant(name="demo")


def _may(role: str, endpoint: _Endpoint | None = None, *, verb: str = "GET", tenant: str = "demo") -> bool:
    return Access.of(caller(role, tenant=tenant)).allows(endpoint or _Endpoint(), verb=verb)


_PEOPLE = ("PUBLIC", "REGISTERED_USER", "EXPLOIT", "ADMIN")


@pytest.mark.parametrize(
    ("required", "admitted"),
    [
        (Role.PUBLIC, _PEOPLE),
        (Role.REGISTERED_USER, ("REGISTERED_USER", "EXPLOIT", "ADMIN")),
        (Role.EXPLOIT, ("EXPLOIT", "ADMIN")),
        (Role.ADMIN, ("ADMIN",)),
        (Role.PROJECT_ADMIN, ()),
        (Role.INSTANCE_ADMIN, ()),
    ],
)
def test_it_follows_the_inheritance_of_roles(required: Role, admitted: tuple[str, ...]) -> None:
    assert tuple(role for role in _PEOPLE if _may(role, _needing(required))) == admitted


@pytest.mark.parametrize("required", [role for role in Role if role != Role.INSTANCE_ADMIN])
@pytest.mark.parametrize("role", ["PROJECT_ADMIN", "INSTANCE_ADMIN", "SYS_rs-order"])
def test_it_lets_some_roles_do_everything(role: str, required: Role) -> None:
    assert _may(role, _needing(required))


def test_it_keeps_what_is_the_instances_from_administrators_of_tenants() -> None:
    roles = ("PROJECT_ADMIN", "INSTANCE_ADMIN", "SYS_rs-order")
    assert [_may(role, _needing(Role.INSTANCE_ADMIN)) for role in roles] == [False, True, True]


@pytest.mark.parametrize(
    ("switch", "role"),
    [
        ("SYSTEM_FULL_ACCESS", "SYS_rs-order"),
        ("INSTANCE_ADMIN_FULL_ACCESS", "INSTANCE_ADMIN"),
        ("PROJECT_ADMIN_FULL_ACCESS", "PROJECT_ADMIN"),
    ],
)
def test_it_can_take_everything_away_from_a_role(
    settings: Settings, tenant: Tenant, switch: str, role: str
) -> None:
    setattr(settings, switch, False)
    assert (_may(role), _may(role, _needing(Role.PUBLIC))) == (False, True)
    a_grant(tenant, role=role)
    assert _may(role)


@pytest.mark.parametrize("role", ["nobody", "admin", "", "SYS_", "EXPLOIT "])
def test_it_gives_a_role_that_does_not_exist_what_everybody_has(role: str) -> None:
    assert (_may(role), _may(role, _needing(Role.PUBLIC))) == (False, True)


@pytest.mark.parametrize("role", [*_PEOPLE, "PROJECT_ADMIN", "INSTANCE_ADMIN", "SYS_rs-order"])
def test_it_lets_nobody_call_a_verb_without_a_role(role: str) -> None:
    assert not _may(role, verb="DELETE")


def test_it_lets_a_tenant_open_an_endpoint(tenant: Tenant) -> None:
    an_endpoint_role(tenant, role=Role.PUBLIC)
    assert _may("PUBLIC")


def test_it_lets_a_tenant_close_an_endpoint(tenant: Tenant) -> None:
    an_endpoint_role(tenant, role=Role.PROJECT_ADMIN)
    assert (_may("ADMIN"), _may("PROJECT_ADMIN")) == (False, True)


@pytest.mark.parametrize(
    "other",
    [{"path": "/requests"}, {"verb": "PUT"}, {"service": "rs-processing"}],
    ids=str,
)
def test_it_changes_this_endpoint_and_no_other(tenant: Tenant, other: dict[str, str]) -> None:
    an_endpoint_role(tenant, role=Role.PUBLIC, **other)
    a_grant(tenant, role="PUBLIC", **other)
    assert not _may("PUBLIC")


def test_it_keeps_the_rules_of_other_tenants_out() -> None:
    other = a_tenant(name="other")
    an_endpoint_role(other, role=Role.PUBLIC)
    a_custom_role(other, inherits=Role.ADMIN)
    a_grant(other, role="REGISTERED_USER")
    a_tenant(name="demo")
    assert not [role for role in ("PUBLIC", "REGISTERED_USER", "SCIENTIST") if _may(role)]


def test_it_lets_a_role_of_the_tenant_do_what_it_inherits(tenant: Tenant) -> None:
    a_custom_role(tenant, inherits=Role.EXPLOIT)
    assert (_may("SCIENTIST"), _may("SCIENTIST", _needing(Role.ADMIN))) == (True, False)


def test_it_lets_a_role_of_the_tenant_do_what_it_was_granted(tenant: Tenant) -> None:
    a_custom_role(tenant, inherits=Role.REGISTERED_USER)
    a_grant(tenant, role="SCIENTIST")
    assert (_may("SCIENTIST"), _may("REGISTERED_USER")) == (True, False)


def test_it_inherits_what_was_granted(tenant: Tenant) -> None:
    a_custom_role(tenant, inherits=Role.REGISTERED_USER)
    a_grant(tenant, role="REGISTERED_USER")
    assert [_may(role) for role in ("PUBLIC", "REGISTERED_USER", "SCIENTIST")] == [False, True, True]


@pytest.mark.parametrize(
    ("role", "statements"),
    [("ADMIN", 1), ("SCIENTIST", 1), ("PROJECT_ADMIN", 1), ("INSTANCE_ADMIN", 0), ("SYS_x", 0)],
)
def test_it_reads_all_rules_at_once(tenant: Tenant, role: str, statements: int) -> None:
    a_custom_role(tenant, inherits=Role.REGISTERED_USER)
    for number in range(5):
        a_grant(tenant, role="SCIENTIST", path=f"/{number}")
        an_endpoint_role(tenant, role=Role.ADMIN, path=f"/{number}")
        a_role_address(tenant, role="SCIENTIST", pattern=str(number))
    with CaptureQueriesContext(connection) as captured:
        access = Access.of(caller(role, tenant="demo"))
        access.allows(_Endpoint(), verb="GET")
    assert len(captured) == statements
