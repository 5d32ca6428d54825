"""Operators create and switch tenants in the admin."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from regards_processing.kernel.audit.models import AuditEntry
from regards_processing.kernel.tenancy import queries
from regards_processing.kernel.tenancy.models import Tenant
from tests.factories.worker_manager import a_tenant

pytestmark = pytest.mark.django_db

_LIST, _ADD = "/admin/kernel/tenant/", "/admin/kernel/tenant/add/"


def _act(client: Client, action: str, *names: str) -> Any:
    chosen = list(Tenant.objects.filter(name__in=names).values_list("pk", flat=True))
    return client.post(_LIST, {"action": action, "_selected_action": chosen}, follow=True)


def _staff(client: Client, *permissions: str) -> Client:
    user = User.objects.create_user("visitor", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client.force_login(user)
    return client


def test_it_creates_a_tenant_and_records_who_did(admin_client: Client) -> None:
    page = admin_client.post(_ADD, {"name": "new"}, follow=True)
    assert "was added successfully" in page.content.decode()
    assert [tenant.name for tenant in queries.every_tenant()] == ["new"]
    entry = AuditEntry.objects.get(action="tenant.created")
    assert (entry.tenant, entry.actor, entry.origin) == ("new", "admin", "ADMIN")


@pytest.mark.parametrize(
    ("name", "told"), [("instance", "is taken"), ("a/b", "printable characters"), ("demo", "already exists")]
)
def test_it_says_why_a_name_cannot_be(admin_client: Client, name: str, told: str) -> None:
    a_tenant()
    assert told in admin_client.post(_ADD, {"name": name}).content.decode()
    assert [tenant.name for tenant in queries.every_tenant()] == ["demo"]


@pytest.mark.parametrize(
    ("action", "told", "recorded"),
    [
        ("activate", "Activated: asleep", {"tenant.activated"}),
        ("deactivate", "Deactivated: demo", {"tenant.deactivated"}),
        ("enable_maintenance", "In maintenance: asleep, demo", {"maintenance.enabled"}),
    ],
)
def test_it_switches_the_chosen_tenants(
    admin_client: Client, action: str, told: str, recorded: set[str]
) -> None:
    a_tenant(), a_tenant(name="asleep", active=False), a_tenant(name="untouched")
    assert told in _act(admin_client, action, "demo", "asleep").content.decode()
    assert set(AuditEntry.objects.values_list("action", flat=True)) == recorded
    assert not AuditEntry.objects.filter(tenant="untouched").exists()


def test_it_ends_maintenance(admin_client: Client) -> None:
    a_tenant()
    _act(admin_client, "enable_maintenance", "demo")
    assert queries.tenants_in_maintenance() == ["demo"]
    assert "Out of maintenance: demo" in _act(admin_client, "disable_maintenance", "demo").content.decode()
    assert queries.tenants_in_maintenance() == []


def test_it_says_that_nothing_was_to_be_done(admin_client: Client) -> None:
    a_tenant()
    assert "none; all of them were before" in _act(admin_client, "activate", "demo").content.decode()


def test_it_lets_nobody_switch_or_create_without_permission(client: Client) -> None:
    a_tenant()
    visitor = _staff(client, "view_tenant")
    assert "Deactivate" not in visitor.get(_LIST).content.decode()
    _act(visitor, "deactivate", "demo")
    assert visitor.post(_ADD, {"name": "new"}).status_code == 403
    assert [(tenant.name, tenant.active) for tenant in queries.every_tenant()] == [("demo", True)]


def test_it_lets_those_switch_who_may(client: Client) -> None:
    a_tenant()
    _act(_staff(client, "view_tenant", "change_tenant"), "deactivate", "demo")
    assert not Tenant.objects.get().active


def test_it_shows_a_tenant_in_full_and_lets_nobody_edit_or_delete_it(admin_client: Client) -> None:
    address = f"{_LIST}{a_tenant().pk}"
    assert "Created at" in admin_client.get(f"{address}/change/").content.decode()
    answers = [
        admin_client.post(f"{address}/{page}/", {"name": "x", "post": "yes"}) for page in ("change", "delete")
    ]
    assert [answer.status_code for answer in answers] == [403, 403]


def test_it_leads_those_who_may_look_to_what_was_done(admin_client: Client, client: Client) -> None:
    address = f"{_LIST}{a_tenant().pk}/change/"
    told = '<a href="/admin/audit/auditentry/?tenant=demo">what was done</a>'
    page = admin_client.get(address).content.decode()
    assert (told in page, "historylink" in page) == (True, False)
    assert told not in _staff(client, "view_tenant").get(address).content.decode()
