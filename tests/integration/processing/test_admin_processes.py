"""Processes in the admin: a form made from what their plugin declares, checked as by REST."""

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from regards_processing.kernel.audit.models import AuditEntry
from regards_processing.kernel.tenancy.models import Tenant
from regards_processing.processing import queries
from regards_processing.processing.models import PluginConfiguration, Process
from regards_processing.processing.services.executions import order_executions
from tests.factories.executions import a_batch, an_execution_order, the_execution
from tests.factories.processing import NEEDED, SHELL, a_process
from tests.factories.rows import every
from tests.factories.worker_manager import AT, a_tenant
from tests.fakes.engine import committing
from tests.fakes.plugin_package import installed

pytestmark = pytest.mark.django_db

_LIST = "/admin/processing/process/"
_ADD = f"{_LIST}add/?plugin={SHELL}"


@pytest.fixture(autouse=True)
def tenant() -> Tenant:
    return a_tenant()


def _filled_in(tenant: Tenant, **others: Any) -> dict[str, Any]:
    values = {f"value.{name}": value for name, value in NEEDED.items()}
    return {"tenant": tenant.pk, "label": "Crop", "role": "EXPLOIT", "active": "on", **values, **others}


def _stored() -> Process:
    found: Process = every(Process).select_related("configuration", "tenant").get()
    return found


def test_it_asks_for_the_plugin_first_and_then_for_its_parameters(admin_client: Client) -> None:
    first = admin_client.get(f"{_LIST}add/").content.decode()
    assert f'href="?plugin={SHELL}"' in first
    page = admin_client.get(_ADD).content.decode()
    names = ["value.shellScript", "dynamic.shellScript", "allowed.shellScript", "role", "datasets"]
    assert [name for name in names if f'name="{name}"' not in page] == []


def test_it_opens_what_orders_may_give_where_there_is_something(admin_client: Client, tenant: Tenant) -> None:
    blank = admin_client.get(_ADD).context["form"].sections()
    assert [section.title for section in blank if section.is_open] == []
    wrong = {"dynamic.scope": "on", "value.sizeForecast": "much"}
    refused = admin_client.post(_ADD, _filled_in(tenant, **wrong)).context["form"].sections()
    assert [section.title for section in refused if section.is_open] == ["Parameter scope"]


def test_it_stores_what_was_filled_in(admin_client: Client, tenant: Tenant) -> None:
    more = {
        "datasets": "URN:A\r\n\r\nURN:B",
        "dynamic.sizeForecast": "on",
        "allowed.sizeForecast": "*1\r\n*2",
        "maxConcurrentExecutions": "3",
    }
    answer = admin_client.post(_ADD, _filled_in(tenant, **more), follow=True)
    assert "Stored: process" in answer.content.decode()
    made = queries.processes(tenant=tenant)[0]
    assert made.rights.datasets == ("URN:A", "URN:B")
    assert made.rights.max_concurrent == 3
    size = next(each for each in made.plugin.parameters if each.name == "sizeForecast")
    assert (size.value, size.dynamic, size.dynamic_values) == ("*1", True, ("*1", "*2"))
    assert AuditEntry.objects.get(action="process.created").origin == "ADMIN"


@pytest.mark.parametrize(
    ("wrong", "field", "told"),
    [
        ({"value.shellScript": ""}, "value.shellScript", "Plugin Parameter shellScript is missing"),
        ({"value.sizeForecast": "much"}, "value.sizeForecast", "Plugin Parameter sizeForecast"),
        ({"role": "KING"}, "role", "There is no role"),
        ({"datasets": "U" * 129}, "datasets", "no more than 128"),
        ({"label": ""}, "label", "This field is required"),
    ],
)
def test_it_tells_what_is_wrong_at_its_field(
    admin_client: Client, tenant: Tenant, wrong: dict[str, str], field: str, told: str
) -> None:
    form = admin_client.post(_ADD, _filled_in(tenant, **wrong)).context["form"]
    assert list(form.errors) == [field]
    assert told in form.errors[field][0]
    assert not every(Process).exists()


def test_it_changes_a_process_unless_somebody_else_has(admin_client: Client, tenant: Tenant) -> None:
    a_process(tenant, "Crop", to_all=True)
    address = f"{_LIST}{_stored().pk}/change/"
    seen = admin_client.get(address).context["form"].initial["seen"]
    body = _filled_in(tenant, label="<b>Cut", seen=seen)
    assert admin_client.post(address, body).status_code == 302
    assert _stored().configuration.label == "<b>Cut"
    assert "changed it since you opened" in admin_client.post(address, body).content.decode()
    assert "<b>Cut" not in admin_client.get(_LIST).content.decode()


def test_it_never_shows_a_secret_and_keeps_it_when_it_is_left_blank(
    admin_client: Client, tenant: Tenant, tmp_path: Path
) -> None:
    with installed(tmp_path, vault="Vault"):
        body = {"tenant": tenant.pk, "label": "Safe", "role": "EXPLOIT", "value.password": "open sesame"}
        assert admin_client.post(f"{_LIST}add/?plugin=Vault", body).status_code == 302
        sealed = _stored().configuration.parameters[0]["value"]
        address = f"{_LIST}{_stored().pk}/change/"
        page = admin_client.get(address)
        assert [text for text in (sealed, "open sesame") if text in page.content.decode()] == []
        seen = page.context["form"].initial["seen"]
        admin_client.post(address, body | {"label": "Safer", "value.password": "", "seen": seen})
    assert _stored().configuration.label == "Safer"
    assert _stored().configuration.parameters[0]["value"] == sealed


def test_it_empties_a_secret_that_is_not_needed(admin_client: Client, tenant: Tenant, tmp_path: Path) -> None:
    with installed(tmp_path, hint="Hint"):
        body = {"tenant": tenant.pk, "label": "Safe", "role": "EXPLOIT", "value.hint": "open sesame"}
        assert admin_client.post(f"{_LIST}add/?plugin=Hint", body).status_code == 302
        address = f"{_LIST}{_stored().pk}/change/"
        page = admin_client.get(address)
        assert 'name="emptied.hint"' in page.content.decode()
        seen = page.context["form"].initial["seen"]
        both = admin_client.post(address, body | {"emptied.hint": "on", "seen": seen})
        assert "not both" in both.context["form"].errors["emptied.hint"][0]
        emptied = {"value.hint": "", "emptied.hint": "on", "seen": seen}
        assert admin_client.post(address, body | emptied).status_code == 302
        assert _stored().configuration.parameters == []
        assert 'name="emptied.hint"' not in admin_client.get(address).content.decode()


def test_it_shows_a_process_whose_plugin_is_gone(admin_client: Client, tenant: Tenant) -> None:
    a_process(tenant)
    every(PluginConfiguration).update(plugin_id="Gone")
    address = f"{_LIST}{_stored().pk}/change/"
    page = admin_client.get(address)
    assert "It is not installed" in page.content.decode()
    seen = page.context["form"].initial["seen"]
    form = admin_client.post(address, _filled_in(tenant, seen=seen)).context["form"]
    assert "Plugin Gone is unknown" in form.non_field_errors()[0]


def test_it_switches_processes(admin_client: Client, tenant: Tenant) -> None:
    a_process(tenant, "Crop", to_all=True)
    for action, active in (("deactivate", False), ("activate", True)):
        chosen = {"action": action, "_selected_action": [_stored().pk]}
        assert "1 of 1 processes" in admin_client.post(_LIST, chosen, follow=True).content.decode()
        assert _stored().configuration.active is active


def test_it_switches_a_process_whose_role_is_gone(admin_client: Client, tenant: Tenant) -> None:
    a_process(tenant, "Crop")
    every(Process).update(role="SCIENTIST")
    chosen = {"action": "deactivate", "_selected_action": [_stored().pk]}
    assert "1 of 1 processes" in admin_client.post(_LIST, chosen, follow=True).content.decode()
    assert not _stored().configuration.active


def test_it_deletes_a_process_that_no_execution_needs(admin_client: Client, tenant: Tenant) -> None:
    process = a_process(tenant, "Crop", to_all=True)
    address = f"{_LIST}{_stored().pk}/delete/"
    with committing(execute=True):
        order_executions(orders=[an_execution_order(a_batch(tenant, process))], at=AT)
    refused = admin_client.post(address, {"post": "yes"}, follow=True).content.decode()
    assert "still in use by executions" in refused
    ids = str(the_execution().pk)
    admin_client.post("/admin/processing/execution/cancel/", {"ids": ids, "confirmed": "yes"})
    admin_client.post(address, {"post": "yes"})
    assert not every(PluginConfiguration).exists()


def test_it_lets_those_only_configure_who_may(client: Client, tenant: Tenant) -> None:
    a_process(tenant)
    user = User.objects.create_user("ada", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="view_process"))
    client.force_login(user)
    own = f"{_LIST}{_stored().pk}/change/"
    assert client.get(own).status_code == 200
    refused = [client.post(_ADD, _filled_in(tenant)), client.get(f"{_LIST}add/"), client.post(own, {})]
    assert [answer.status_code for answer in refused] == [403, 403, 403]
