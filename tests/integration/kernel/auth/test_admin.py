"""Operators configure access in the admin; every change is checked and recorded."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from regards_processing.kernel.audit.models import AuditEntry
from regards_processing.kernel.auth.models import (
    CustomRole,
    EndpointRole,
    Membership,
    RoleAddress,
    RoleEndpoint,
)
from regards_processing.kernel.auth.roles import Role
from regards_processing.kernel.tenancy.models import Tenant
from tests.factories.access import (
    a_custom_role,
    a_grant,
    a_membership,
    a_role_address,
    a_user,
    an_endpoint_role,
)
from tests.factories.rows import every
from tests.factories.worker_manager import a_tenant

pytestmark = pytest.mark.django_db

_MODELS = (Membership, CustomRole, EndpointRole, RoleEndpoint, RoleAddress)
_EACH_MODEL = pytest.mark.parametrize("model", _MODELS, ids=lambda model: model.__name__)
_WORKERS = "rs-worker-manager@/workers@GET"


@pytest.fixture
def tenant() -> Tenant:
    return a_tenant(name="demo")


def _address(model: Any, page: str, *arguments: Any) -> str:
    return reverse(f"admin:access_{model._meta.model_name}_{page}", args=arguments)


def _fill(tenant: Tenant, *, lines: int) -> None:
    for number in range(lines):
        a_membership(a_user(f"user-{number}"), tenant)
        a_custom_role(tenant, name=f"ROLE-{number}")
        a_role_address(tenant, role="PUBLIC", pattern=f"10.{number}")
        an_endpoint_role(tenant, role=Role.ADMIN, path=f"/{number}")
        a_grant(tenant, role="PUBLIC", path=f"/{number}")


def _fields(model: Any, tenant: Tenant) -> dict[str, Any]:
    """Return what a person fills in for a new rule."""
    chosen: dict[Any, dict[str, Any]] = {
        Membership: {"user": a_user("ada").pk, "role": "ADMIN"},
        CustomRole: {"name": "BOSS", "inherits": "ADMIN"},
        EndpointRole: {"endpoint": _WORKERS, "role": "ADMIN"},
        RoleEndpoint: {"endpoint": _WORKERS, "role": "PUBLIC"},
        RoleAddress: {"role": "PUBLIC", "pattern": r"10\..*"},
    }
    return {"tenant": tenant.pk, **chosen[model]}


def _fields_of(rule: Any) -> dict[str, Any]:
    """Return what the form of a rule sends when nothing is changed."""
    columns = {name: value for name, value in vars(rule).items() if not name.startswith("_")}
    return columns | {"endpoint": _WORKERS}


@_EACH_MODEL
def test_it_lists_and_filters(admin_client: Client, tenant: Tenant, model: Any) -> None:
    _fill(tenant, lines=2)
    for query in ("", f"?tenant__id__exact={tenant.pk}", "?q=1"):
        page = admin_client.get(_address(model, "changelist") + query)
        assert (page.status_code, "e=1" in page.headers.get("Location", "")) == (200, False)


@_EACH_MODEL
def test_it_costs_the_same_statements_however_long_the_page(
    admin_client: Client, tenant: Tenant, model: Any
) -> None:
    _fill(tenant, lines=1)
    with CaptureQueriesContext(connection) as short:
        admin_client.get(_address(model, "changelist"))
    every(User).filter(username="user-0").update(username="first")
    _fill_more(tenant)
    with CaptureQueriesContext(connection) as long:
        admin_client.get(_address(model, "changelist"))
    assert len(long) == len(short)


def _fill_more(tenant: Tenant) -> None:
    for model in (CustomRole, EndpointRole, RoleEndpoint, RoleAddress):
        every(model).all().delete()
    _fill(tenant, lines=20)


@_EACH_MODEL
def test_it_adds_a_rule(admin_client: Client, tenant: Tenant, model: Any) -> None:
    answer = admin_client.post(_address(model, "add"), _fields(model, tenant))
    assert answer.status_code == 302
    assert every(model).get().tenant == tenant
    entry = AuditEntry.objects.get(action__startswith=model._meta.model_name)
    assert (entry.action, entry.actor, entry.origin, entry.tenant) == (
        f"{model._meta.model_name}.created",
        "admin",
        "ADMIN",
        "demo",
    )


@pytest.mark.parametrize("model", [EndpointRole, RoleEndpoint])
def test_it_takes_endpoints_apart(admin_client: Client, tenant: Tenant, model: Any) -> None:
    admin_client.post(_address(model, "add"), _fields(model, tenant))
    rule = every(model).get()
    assert (rule.service, rule.path, rule.verb) == ("rs-worker-manager", "/workers", "GET")
    page = admin_client.get(_address(model, "change", rule.pk)).content.decode()
    assert f'<option value="{_WORKERS}" selected>' in page


def test_it_changes_a_rule(admin_client: Client, tenant: Tenant) -> None:
    rule = an_endpoint_role(tenant, role=Role.ADMIN)
    fields = {
        "tenant": tenant.pk,
        "endpoint": "rs-worker-manager@/requests/{requestId}@GET",
        "role": "PUBLIC",
    }
    admin_client.post(_address(EndpointRole, "change", rule.pk), fields)
    changed = every(EndpointRole).get()
    assert (changed.path, changed.role) == ("/requests/{requestId}", "PUBLIC")
    assert AuditEntry.objects.get(action="endpointrole.updated").details["role"] == "PUBLIC"


def test_it_offers_every_endpoint_and_no_other(admin_client: Client, tenant: Tenant) -> None:
    page = admin_client.get(_address(EndpointRole, "add")).content.decode()
    assert "rs-worker-manager GET /workers (EXPLOIT)" in page
    fields = {"tenant": tenant.pk, "endpoint": "rs-worker-manager@/absent@GET", "role": "PUBLIC"}
    answer = admin_client.post(_address(EndpointRole, "add"), fields)
    assert "Select a valid choice" in answer.content.decode()


@pytest.mark.parametrize(
    ("model", "changed", "said"),
    [
        (CustomRole, {"name": "ADMIN"}, "A role cannot be called"),
        (RoleAddress, {"pattern": "("}, "is not a regular expression"),
        (RoleAddress, {"role": "OTHERS"}, "There is no role &#x27;OTHERS&#x27;"),
        (Membership, {"role": "OTHERS"}, "There is no role &#x27;OTHERS&#x27;"),
    ],
)
def test_it_shows_at_the_form_what_is_wrong(
    admin_client: Client, tenant: Tenant, model: Any, changed: dict[str, str], said: str
) -> None:
    a_custom_role(a_tenant(name="other"), name="OTHERS")
    answer = admin_client.post(_address(model, "add"), _fields(model, tenant) | changed)
    assert (answer.status_code, said in answer.content.decode()) == (200, True)
    assert not every(model).filter(tenant=tenant).exists()


@_EACH_MODEL
def test_it_shows_at_the_form_that_there_is_such_a_rule(
    admin_client: Client, tenant: Tenant, model: Any
) -> None:
    fields = _fields(model, tenant)
    admin_client.post(_address(model, "add"), fields)
    answer = admin_client.post(_address(model, "add"), fields)
    assert (answer.status_code, "already exists" in answer.content.decode()) == (200, True)
    assert every(model).count() == 1


def test_it_grants_endpoints_to_services(admin_client: Client, tenant: Tenant) -> None:
    fields = _fields(RoleEndpoint, tenant) | {"role": "SYS_rs-order"}
    assert admin_client.post(_address(RoleEndpoint, "add"), fields).status_code == 302
    assert every(RoleEndpoint).get().role == "SYS_rs-order"


@_EACH_MODEL
def test_it_deletes_a_rule(admin_client: Client, tenant: Tenant, model: Any) -> None:
    _fill(tenant, lines=1)
    admin_client.post(_address(model, "delete", every(model).get().pk), {"post": "yes"})
    assert not every(model).exists()
    assert AuditEntry.objects.filter(action=f"{model._meta.model_name}.deleted").count() == 1


@_EACH_MODEL
def test_it_deletes_the_chosen_rules(admin_client: Client, tenant: Tenant, model: Any) -> None:
    _fill(tenant, lines=3)
    chosen = list(every(model).order_by("pk").values_list("pk", flat=True))[:2]
    action = {"action": "delete_selected", "_selected_action": chosen, "post": "yes"}
    admin_client.post(_address(model, "changelist"), action)
    assert every(model).count() == 1
    assert AuditEntry.objects.filter(action=f"{model._meta.model_name}.deleted").count() == 2


def test_it_protects_a_role_that_is_used(admin_client: Client, tenant: Tenant) -> None:
    role = a_custom_role(tenant, name="BOSS")
    a_grant(tenant, role="BOSS")
    address = _address(CustomRole, "delete", role.pk)
    assert "BOSS may rs-worker-manager@/workers@GET" in admin_client.get(address).content.decode()
    assert admin_client.post(address, {"post": "yes"}).status_code == 200
    assert every(CustomRole).exists()


def test_it_keeps_the_name_of_a_role(admin_client: Client, tenant: Tenant) -> None:
    role = a_custom_role(tenant, name="BOSS", inherits=Role.PUBLIC)
    admin_client.post(_address(CustomRole, "change", role.pk), {"name": "OTHER", "inherits": "ADMIN"})
    changed = every(CustomRole).get()
    assert (changed.name, changed.inherits) == ("BOSS", "ADMIN")


@_EACH_MODEL
def test_it_keeps_the_tenant_of_a_rule(admin_client: Client, tenant: Tenant, model: Any) -> None:
    admin_client.post(_address(model, "add"), _fields(model, tenant))
    rule = every(model).get()
    other = {"tenant": a_tenant(name="other").pk, "user": a_user("bob").pk}
    fields = _fields_of(rule) | other
    assert admin_client.post(_address(model, "change", rule.pk), fields).status_code == 302
    assert every(model).get().tenant == tenant
    assert not AuditEntry.objects.filter(tenant="other").exists()


def test_it_keeps_the_user_of_a_membership(admin_client: Client, tenant: Tenant) -> None:
    rule = a_membership(a_user("ada"), tenant)
    fields = {"user": a_user("bob").pk, "tenant": tenant.pk, "role": "ADMIN"}
    admin_client.post(_address(Membership, "change", rule.pk), fields)
    changed = every(Membership).get()
    assert (changed.user.username, changed.role) == ("ada", "ADMIN")


@_EACH_MODEL
def test_it_is_closed_to_staff_without_permission(client: Client, model: Any) -> None:
    client.force_login(User.objects.create_user("visitor", is_staff=True))
    assert client.get(_address(model, "changelist")).status_code == 403
