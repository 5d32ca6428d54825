"""An encrypted secret is opened for the parameter that it was stored for, and for nobody who has seen it."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import Settings

from regards_processing.kernel.auth.roles import Role
from regards_processing.kernel.configuration.services import import_configuration
from regards_processing.kernel.tenancy.models import Tenant
from regards_processing.processing.models import PluginConfiguration, Process
from regards_processing.processing.module import MODULE
from regards_processing.processing.services.configuration_import import PLUGIN_KEY, exported_plugins
from tests.factories.audit import ADA
from tests.factories.executions import unsealed_parameters
from tests.factories.processing import a_parameter, a_process, some_rights
from tests.factories.rest import client_as
from tests.factories.rows import every
from tests.factories.worker_manager import AT, a_tenant
from tests.fakes.engine import committing
from tests.fakes.plugin_package import installed
from worker_manager.models import Request

pytestmark = pytest.mark.django_db

_BASE = "/api/v1/rs-processing"
_SECRET = "open sesame"
_THEIRS = UUID("5e1b9b1c-7d4d-4d9a-9a53-5f0e0c1c2d3e")
#: Stores a configuration of `Vault` with this password in a tenant.
Way = Callable[[Tenant, str], None]


@pytest.fixture(autouse=True)
def plugins(tmp_path: Path) -> Iterator[None]:
    with installed(tmp_path, vault="Vault", hint="Hint", open="Open"):
        yield


@pytest.fixture
def seen() -> str:
    """The encrypted text of a secret of tenant demo, as everybody may see it."""
    tenant = a_tenant()
    a_process(tenant, plugin_id="Vault", parameters={"password": _SECRET})
    (shown,) = client_as(Role.PUBLIC, tenant=tenant.name).get(f"{_BASE}/plugins/configs").json()
    text: str = shown["content"]["parameters"][0]["value"]
    assert text != _SECRET
    return text


def _vault(password: str, **others: Any) -> dict[str, Any]:
    return {"pluginId": "Vault", "label": "Mine", "parameters": [a_parameter("password", password)]} | others


def _called(tenant: Tenant, verb: str, path: str, body: object, *, role: str = Role.PROJECT_ADMIN) -> None:
    answer = getattr(client_as(role, tenant=tenant.name), verb)(f"{_BASE}/{path}", body, format="json")
    assert answer.status_code in {200, 201}, answer.content


def _imported(tenant: Tenant, plugin: dict[str, Any]) -> None:
    part = {"module": {"id": "processing"}, "configuration": [{"key": PLUGIN_KEY, "value": plugin}]}
    document = json.dumps({"microservice": "rs-processing", "modules": [part]}).encode()
    with committing(execute=True):
        (report,) = import_configuration(module=MODULE, tenant=tenant, document=document, actor=ADA, at=AT)
    assert report.errors == []


def _a_process_is_made(tenant: Tenant, text: str) -> None:
    body = {"pluginConfiguration": _vault(text), "rights": some_rights()}
    _called(tenant, "post", "processplugins/config", body, role=Role.ADMIN)


def _a_process_is_changed(tenant: Tenant, text: str) -> None:
    process = a_process(tenant, process_id=_THEIRS, plugin_id="Vault", parameters={"password": "theirs"})
    body = {"pluginConfiguration": _vault(text), "rights": some_rights()}
    _called(tenant, "put", f"processplugins/config/{process.process_id}", body, role=Role.ADMIN)


def _another_plugin_is_taken(tenant: Tenant, text: str) -> None:
    """Store it first where a plugin has it in clear, and is shown it as it is stored."""
    process = a_process(tenant, process_id=_THEIRS, plugin_id="Open", parameters={"password": text})
    body = {"pluginConfiguration": _vault(text), "rights": some_rights()}
    _called(tenant, "put", f"processplugins/config/{process.process_id}", body, role=Role.ADMIN)


def _orders_may_give_it(tenant: Tenant, text: str) -> None:
    parameter = a_parameter("password", text, dynamic=True, dynamicsValues=[text])
    body = {"pluginConfiguration": _vault(text, parameters=[parameter]), "rights": some_rights()}
    _called(tenant, "post", "processplugins/config", body, role=Role.ADMIN)


def _a_plugin_is_configured(tenant: Tenant, text: str) -> None:
    _called(tenant, "post", "plugins/Vault/config", _vault(text))


def _a_configuration_is_changed(tenant: Tenant, text: str) -> None:
    _called(tenant, "post", "plugins/Vault/config", _vault("theirs", businessId="mine"))
    _called(tenant, "put", "plugins/Vault/config/mine", _vault(text, businessId="mine"))


def _a_file_is_imported(tenant: Tenant, text: str) -> None:
    _imported(tenant, _vault(text, businessId="mine"))


def _a_file_is_imported_over(tenant: Tenant, text: str) -> None:
    _imported(tenant, _vault("theirs", businessId="mine"))
    _imported(tenant, _vault(text, businessId="mine"))


_WAYS = [
    _a_process_is_made,
    _a_process_is_changed,
    _another_plugin_is_taken,
    _orders_may_give_it,
    _a_plugin_is_configured,
    _a_configuration_is_changed,
    _a_file_is_imported,
    _a_file_is_imported_over,
]


def _in_clear(tenant: Tenant, label: str = "Mine") -> list[Any]:
    """Return every value that the parameters of a configuration have in an export."""
    (found,) = [each for each in exported_plugins(tenant=tenant) if each["label"] == label]
    return [
        value
        for parameter in found["parameters"]
        for value in (parameter["value"], *parameter.get("dynamicsValues", ()))
    ]


@pytest.mark.parametrize("way", _WAYS)
def test_it_opens_none_of_another_tenant(seen: str, way: Way) -> None:
    other = a_tenant(name="other")
    way(other, seen)
    assert set(_in_clear(other)) == {seen}


@pytest.mark.parametrize("way", _WAYS)
def test_it_opens_none_of_another_process_of_the_tenant(seen: str, way: Way) -> None:
    demo = Tenant.objects.get(name="demo")
    way(demo, seen)
    assert set(_in_clear(demo)) == {seen}


@pytest.mark.parametrize("name", ["demo", "other"])
def test_it_opens_none_in_the_admin(seen: str, name: str, admin_client: Client) -> None:
    tenant = Tenant.objects.filter(name=name).first() or a_tenant(name=name)
    body = {"tenant": tenant.pk, "label": "Mine", "role": "EXPLOIT", "value.password": seen}
    answer = admin_client.post("/admin/processing/process/add/?plugin=Vault", body)
    assert answer.status_code == 302
    assert _in_clear(tenant) == [seen]


def test_it_opens_none_of_another_parameter() -> None:
    tenant = a_tenant()
    secrets = {"firstSecret": _SECRET, "secondSecret": "a word"}
    process = a_process(tenant, "Mine", plugin_id="Open", parameters=secrets)
    address = f"{_BASE}/processplugins/config/{process.process_id}"
    client = client_as(tenant=tenant.name)
    shown = client.get(address).json()["content"]
    first, second = shown["pluginConfiguration"]["parameters"]
    second["value"] = first["value"]
    assert client.put(address, shown, format="json").status_code == 200
    assert _in_clear(tenant) == [_SECRET, first["value"]]


def _sent_back() -> PluginConfiguration:
    """Change the label of the one process, and send all else as it is shown."""
    row: PluginConfiguration = every(PluginConfiguration).select_related("tenant").get()
    address = f"{_BASE}/processplugins/config/{row.business_id}"
    client = client_as(Role.ADMIN, tenant=row.tenant.name)
    shown = client.get(address).json()["content"]
    shown["pluginConfiguration"]["label"] = "Safer"
    assert client.put(address, shown, format="json").status_code == 200
    row.refresh_from_db(fields=["parameters"])
    return row


def test_it_keeps_what_is_sent_back_for_its_own_parameter(seen: str) -> None:
    row = _sent_back()
    assert row.parameters[0]["value"] == seen
    assert _in_clear(row.tenant, "Safer") == [_SECRET]


def test_it_keeps_what_an_earlier_key_has_encrypted(seen: str, settings: Settings) -> None:
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another"
    row = _sent_back()
    assert row.parameters[0]["value"] == seen
    assert _in_clear(row.tenant, "Safer") == [_SECRET]


def test_it_encrypts_what_an_earlier_release_has_in_clear(seen: str) -> None:
    every(PluginConfiguration).update(parameters=[a_parameter("password", _SECRET)])
    row = _sent_back()
    assert row.parameters[0]["value"] not in {seen, _SECRET}
    assert _in_clear(row.tenant, "Safer") == [_SECRET]


def test_it_opens_none_for_a_try_out(
    seen: str, admin_client: Client, tmp_path: Path, settings: Settings
) -> None:
    settings.SHARED_STORAGE, settings.PROCESS_TOKEN_KEY = tmp_path / "storage", "a key that both have"
    every(PluginConfiguration).update(parameters=[a_parameter("password", seen, dynamic=True)])
    address = f"/admin/processing/process/{every(Process).get().pk}/try/"
    sent = {"file": SimpleUploadedFile("one.raw", b"1"), "parameter.password": seen}
    with committing(execute=True):
        assert admin_client.post(address, sent).status_code == 302
    given = unsealed_parameters(every(Request).get(), key=settings.PROCESS_TOKEN_KEY)
    assert given == {"password": seen}
