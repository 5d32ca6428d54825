"""Settings in the admin: a form that checks values as REST does, through the same services."""

import json
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from pytest_django import Settings

from regards_processing.kernel.audit.models import AuditEntry
from regards_processing.kernel.dynamic_settings.definitions import MASK
from regards_processing.kernel.tenancy.models import Tenant, TenantSetting
from tests.factories.rows import every
from tests.factories.worker_manager import AT
from tests.fakes.configured_service import PATH

pytestmark = pytest.mark.django_db

_LIST = "/admin/kernel/tenantsetting/"


@pytest.fixture(autouse=True)
def _configured(settings: Settings) -> None:
    settings.CONFIGURATION_MODULES = [PATH]


@pytest.fixture
def tenant() -> Tenant:
    return Tenant.objects.create(name="demo", created_at=AT)


def _page(setting: TenantSetting, page: str = "change") -> str:
    return f"{_LIST}{setting.pk}/{page}/"


def _a_setting(tenant: Tenant, name: str, value: object) -> TenantSetting:
    return TenantSetting.objects.create(tenant=tenant, name=name, value=value)


def _add(client: Client, tenant: Tenant, name: str, value: object) -> Any:
    form = {"tenant": tenant.pk, "name": name, "new_value": json.dumps(value)}
    return client.post(f"{_LIST}add/", form)


def _change(client: Client, setting: TenantSetting, value: object) -> Any:
    return client.post(_page(setting), {"new_value": json.dumps(value)})


def _stored() -> dict[str, Any]:
    return dict(every(TenantSetting).values_list("name", "value"))


def _trail() -> list[tuple[Any, ...]]:
    entries = AuditEntry.objects.filter(action__startswith="settings.").order_by("pk")
    return list(entries.values_list("actor", "origin", "tenant", "action", "target"))


def test_it_gives_a_setting_a_value(admin_client: Client, tenant: Tenant) -> None:
    assert _add(admin_client, tenant, "greeting", "hi").status_code == 302
    assert _stored() == {"greeting": "hi"}
    assert _trail() == [("admin", "ADMIN", "demo", "settings.updated", "greeting")]


def test_it_offers_the_settings_that_can_be_changed(admin_client: Client) -> None:
    page = admin_client.get(f"{_LIST}add/").content.decode()
    assert '<option value="greeting">' in page
    assert '<option value="fixed">' not in page
    assert ">null<" not in "".join(page.split())
    assert "greeting: How to begin. JSON; default: &quot;hello&quot;" in page


def test_it_changes_a_setting(admin_client: Client, tenant: Tenant) -> None:
    setting = _a_setting(tenant, "greeting", "hi")
    assert "How to begin." in admin_client.get(_page(setting)).content.decode()
    assert _change(admin_client, setting, "").status_code == 302
    assert _stored() == {"greeting": ""}


def test_it_takes_an_empty_array_for_a_value(
    admin_client: Client, tenant: Tenant, settings: Settings
) -> None:
    settings.CONFIGURATION_MODULES = ["worker_manager.module.MODULE"]
    setting = _a_setting(tenant, "skipContentTypes", ["noise"])
    assert _change(admin_client, setting, []).status_code == 302
    assert _stored() == {"skipContentTypes": []}


@pytest.mark.parametrize("value", [None, 7, "x" * 21])
def test_it_tells_what_is_wrong_with_a_value(admin_client: Client, tenant: Tenant, value: object) -> None:
    setting = _a_setting(tenant, "greeting", "hi")
    page = _change(admin_client, setting, value)
    assert (page.status_code, "errorlist" in page.content.decode()) == (200, True)
    assert _add(admin_client, tenant, "greeting", value).status_code == 200
    assert (_stored(), _trail()) == ({"greeting": "hi"}, [])


def test_it_compares_with_what_is_stored(admin_client: Client, tenant: Tenant) -> None:
    _a_setting(tenant, "note.a", "salut")
    page = _add(admin_client, tenant, "greeting", "salut")
    assert "salut is the text of a note" in page.content.decode()


def test_it_tells_that_a_value_stopped_to_fit_after_the_check(admin_client: Client, tenant: Tenant) -> None:
    setting = _a_setting(tenant, "greeting", "hi")
    answer = _change(admin_client, setting, "fickle")
    assert (answer.status_code, answer.headers["Location"]) == (302, _page(setting))
    assert "ickle is the text of a note" in admin_client.get(_page(setting)).content.decode()
    assert (_stored(), _trail()) == ({"greeting": "hi"}, [])


def test_it_wants_every_field(admin_client: Client, tenant: Tenant) -> None:
    assert admin_client.post(f"{_LIST}add/", {"new_value": "1"}).status_code == 200
    assert (
        admin_client.post(
            f"{_LIST}add/", {"tenant": tenant.pk, "name": "greeting", "new_value": "{"}
        ).status_code
        == 200
    )
    assert _stored() == {}


def test_it_resets_what_is_deleted(admin_client: Client, tenant: Tenant) -> None:
    setting = _a_setting(tenant, "greeting", "hi")
    admin_client.post(_page(setting, "delete"), {"post": "yes"})
    assert (_stored(), _trail()) == ({}, [("admin", "ADMIN", "demo", "settings.reset", "greeting")])


def test_it_resets_several_at_once(admin_client: Client, tenant: Tenant) -> None:
    rows = [_a_setting(tenant, "greeting", "hi"), _a_setting(tenant, "password", "secret")]
    action = {"action": "delete_selected", "_selected_action": [row.pk for row in rows], "post": "yes"}
    admin_client.post(_LIST, action)
    assert (_stored(), len(_trail())) == ({}, 2)


def test_it_lists_the_values_that_are_no_defaults(admin_client: Client, tenant: Tenant) -> None:
    _a_setting(tenant, "greeting", "hi")
    page = admin_client.get(_LIST).content.decode()
    assert "&quot;hi&quot;" in page
    assert "&quot;hello&quot;" in page
    assert "How to begin." in page


def test_it_hides_sensitive_values(admin_client: Client, tenant: Tenant) -> None:
    setting = _a_setting(tenant, "password", "secret")
    pages = [admin_client.get(_LIST), admin_client.get(_page(setting))]
    assert ["secret" in page.content.decode() for page in pages] == [False, False]
    assert _change(admin_client, setting, MASK).status_code == 302
    assert _stored() == {"password": "secret"}


def test_it_keeps_away_from_what_nobody_can_change(admin_client: Client, tenant: Tenant) -> None:
    rows = [_a_setting(tenant, "fixed", [1]), _a_setting(tenant, "forgotten", "secret")]
    answers = [_change(admin_client, row, [2]) for row in rows]
    answers += [admin_client.post(_page(row, "delete"), {"post": "yes"}) for row in rows]
    assert [answer.status_code for answer in answers] == [403] * 4
    assert "secret" not in admin_client.get(_LIST).content.decode()
    assert _stored() == {"fixed": [1], "forgotten": "secret"}


def test_it_asks_for_the_permission(client: Client, tenant: Tenant) -> None:
    setting = _a_setting(tenant, "greeting", "hi")
    viewer = User.objects.create_user("viewer", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_tenantsetting"))
    client.force_login(viewer)
    assert client.get(_page(setting)).status_code == 200
    assert [_change(client, setting, "x").status_code, _add(client, tenant, "password", "x").status_code] == [
        403,
        403,
    ]
    assert client.post(_page(setting, "delete"), {"post": "yes"}).status_code == 403
