"""Rules about access are checked, stored and recorded."""

from collections.abc import Callable

import pytest

from regards_processing.kernel.audit.models import AuditEntry, Origin
from regards_processing.kernel.audit.services import Actor
from regards_processing.kernel.auth.models import (
    CustomRole,
    EndpointRole,
    Membership,
    RoleAddress,
    RoleEndpoint,
)
from regards_processing.kernel.auth.roles import Role
from regards_processing.kernel.auth.services.role_names import UnknownRole
from regards_processing.kernel.auth.services.rules import (
    AccessRule,
    InvalidRule,
    RoleInUse,
    delete_rules,
    save_rule,
)
from regards_processing.kernel.tenancy.models import Tenant
from tests.factories.access import a_custom_role, a_grant, a_membership, a_role_address, a_user
from tests.factories.rows import every
from tests.factories.worker_manager import AT, a_tenant

pytestmark = pytest.mark.django_db

_ACTOR = Actor(name="root", origin=Origin.ADMIN)


@pytest.fixture
def tenant() -> Tenant:
    return a_tenant(name="demo")


def _save(rule: AccessRule) -> None:
    save_rule(rule=rule, actor=_ACTOR, at=AT)


def _endpoint(tenant: Tenant, role: str = "EXPLOIT", verb: str = "GET") -> EndpointRole:
    return EndpointRole(tenant=tenant, service="rs-processing", path="/x", verb=verb, role=role)


_GOOD: dict[str, tuple[Callable[[Tenant], AccessRule], dict[str, str]]] = {
    "membership": (
        lambda tenant: Membership(tenant=tenant, user=a_user("ada"), role="ADMIN"),
        {"user": "ada", "role": "ADMIN"},
    ),
    "customrole": (
        lambda tenant: CustomRole(tenant=tenant, name="BOSS", inherits="ADMIN"),
        {"name": "BOSS", "inherits": "ADMIN"},
    ),
    "endpointrole": (
        _endpoint,
        {"service": "rs-processing", "path": "/x", "verb": "GET", "role": "EXPLOIT"},
    ),
    "roleendpoint": (
        lambda tenant: RoleEndpoint(
            tenant=tenant, service="rs-processing", path="/x", verb="GET", role="SYS_rs-order"
        ),
        {"service": "rs-processing", "path": "/x", "verb": "GET", "role": "SYS_rs-order"},
    ),
    "roleaddress": (
        lambda tenant: RoleAddress(tenant=tenant, role="PUBLIC", pattern=r"10\..*"),
        {"role": "PUBLIC", "pattern": r"10\..*"},
    ),
}


@pytest.mark.parametrize("subject", _GOOD)
def test_it_stores_and_records_a_rule(tenant: Tenant, subject: str) -> None:
    make, facts = _GOOD[subject]
    _save(make(tenant))
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor, entry.origin, entry.tenant, entry.at) == (
        f"{subject}.created",
        "root",
        "ADMIN",
        "demo",
        AT,
    )
    assert entry.details == facts


@pytest.mark.parametrize("subject", _GOOD)
def test_it_deletes_and_records_a_rule(tenant: Tenant, subject: str) -> None:
    rule = _GOOD[subject][0](tenant)
    _save(rule)
    delete_rules(rules=[rule], actor=_ACTOR, at=AT)
    actions = list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))
    assert actions == [f"{subject}.created", f"{subject}.deleted"]
    assert not every(type(rule)).exists()


def test_it_records_a_change_as_such(tenant: Tenant) -> None:
    rule = a_custom_role(tenant, inherits=Role.PUBLIC)
    rule.inherits = Role.ADMIN
    _save(rule)
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.details["inherits"]) == ("customrole.updated", "ADMIN")
    assert entry.details["earlier"] == {"name": "SCIENTIST", "inherits": "PUBLIC"}


def test_it_records_what_a_user_was_before(tenant: Tenant) -> None:
    rule = a_membership(a_user("ada"), tenant, role="PROJECT_ADMIN")
    rule.role = "EXPLOIT"
    _save(rule)
    assert AuditEntry.objects.get().details == {
        "user": "ada",
        "role": "EXPLOIT",
        "earlier": {"user": "ada", "role": "PROJECT_ADMIN"},
    }


def test_it_moves_no_rule_to_another_tenant(tenant: Tenant) -> None:
    rule = a_role_address(tenant, role="PUBLIC", pattern="x")
    rule.tenant = a_tenant(name="other")
    with pytest.raises(InvalidRule, match="Tenant other has no such rule"):
        _save(rule)
    assert (every(RoleAddress).get().tenant, AuditEntry.objects.count()) == (tenant, 0)


def test_it_brings_no_rule_back_that_was_deleted_meanwhile(tenant: Tenant) -> None:
    rule = a_role_address(tenant, role="PUBLIC", pattern="x")
    every(RoleAddress).delete()
    with pytest.raises(InvalidRule, match="no such rule"):
        _save(rule)
    assert not every(RoleAddress).exists()


@pytest.mark.parametrize("role", ["BOSS", "SYS_rs-order", "", "admin"])
def test_it_refuses_a_role_that_people_cannot_have(tenant: Tenant, role: str) -> None:
    with pytest.raises(UnknownRole, match=f"no role '{role}'"):
        _save(Membership(tenant=tenant, user=a_user("ada"), role=role))


def test_it_refuses_a_role_of_another_tenant(tenant: Tenant) -> None:
    a_custom_role(a_tenant(name="other"), name="BOSS")
    with pytest.raises(UnknownRole):
        _save(RoleAddress(tenant=tenant, role="BOSS", pattern="x"))


@pytest.mark.parametrize("name", ["ADMIN", "SYS_x", "", "with blank", "x" * 129])
def test_it_refuses_a_name_that_no_role_may_have(tenant: Tenant, name: str) -> None:
    with pytest.raises(InvalidRule, match="A role cannot be called"):
        _save(CustomRole(tenant=tenant, name=name, inherits="PUBLIC"))


@pytest.mark.parametrize("inherits", ["PROJECT_ADMIN", "INSTANCE_ADMIN", "SYS_x", "SCIENTIST", ""])
def test_it_lets_no_role_inherit_full_access(tenant: Tenant, inherits: str) -> None:
    with pytest.raises(InvalidRule):
        _save(CustomRole(tenant=tenant, name="BOSS", inherits=inherits))


@pytest.mark.parametrize("pattern", ["(", "[", "a{99999999999999999999}", "", "x" * 256])
def test_it_refuses_a_pattern_that_is_none(tenant: Tenant, pattern: str) -> None:
    with pytest.raises(InvalidRule):
        _save(RoleAddress(tenant=tenant, role="PUBLIC", pattern=pattern))


@pytest.mark.parametrize(("role", "verb"), [("BOSS", "GET"), ("ADMIN", "LIST"), ("ADMIN", "")])
def test_it_refuses_a_value_that_is_not_offered(tenant: Tenant, role: str, verb: str) -> None:
    with pytest.raises(InvalidRule, match=r"not a valid choice|cannot be blank"):
        _save(_endpoint(tenant, role=role, verb=verb))


def test_it_refuses_a_second_rule_about_the_same(tenant: Tenant) -> None:
    _save(_endpoint(tenant))
    with pytest.raises(InvalidRule):
        _save(_endpoint(tenant, role="ADMIN"))
    assert AuditEntry.objects.count() == 1


def test_it_keeps_a_role_that_other_rules_name(tenant: Tenant) -> None:
    role = a_custom_role(tenant, name="BOSS")
    free = a_custom_role(tenant, name="FREE")
    uses: list[AccessRule] = [
        a_membership(a_user("ada"), tenant, role="BOSS"),
        a_grant(tenant, role="BOSS"),
        a_role_address(tenant, role="BOSS", pattern="x"),
    ]
    for use in uses:
        with pytest.raises(RoleInUse, match="Role BOSS is still used"):
            delete_rules(rules=[free, role], actor=_ACTOR, at=AT)
        delete_rules(rules=[use], actor=_ACTOR, at=AT)
    delete_rules(rules=[free, role], actor=_ACTOR, at=AT)
    assert not every(CustomRole).exists()


def test_it_deletes_a_role_whose_name_another_tenant_uses(tenant: Tenant) -> None:
    role = a_custom_role(tenant, name="BOSS")
    other = a_tenant(name="other")
    a_custom_role(other, name="BOSS")
    a_grant(other, role="BOSS")
    delete_rules(rules=[role], actor=_ACTOR, at=AT)
    assert every(CustomRole).get().tenant == other
