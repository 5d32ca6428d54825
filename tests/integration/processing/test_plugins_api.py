"""Plugins and their configurations, by REST."""

import json
from pathlib import Path
from typing import Any

import pytest

from regards_processing.kernel.amqp.testing import InMemoryBroker
from regards_processing.kernel.audit.models import AuditEntry
from regards_processing.kernel.auth.roles import Role
from regards_processing.processing.models import PluginConfiguration
from tests.factories.processing import SHELL, a_plugin, a_process
from tests.factories.rest import client_as
from tests.factories.rows import every
from tests.factories.worker_manager import a_tenant
from tests.fakes.engine import committing
from tests.fakes.plugin_package import installed

pytestmark = pytest.mark.django_db

_BASE = "/api/v1/rs-processing"
_TYPE = "fr.cnes.regards.modules.processing.plugins.IProcessDefinition"

_PLUGINS = ["ArchivePlugin", "RasterSubsetPlugin", SHELL, "UselessProcessPlugin"]


def _call(verb: str, path: str, body: object = None, *, role: str = Role.PROJECT_ADMIN) -> Any:
    return getattr(client_as(role, tenant="demo"), verb)(f"{_BASE}/{path}", body, format="json")


def test_it_describes_plugins_to_everybody() -> None:
    a_tenant()
    found = _call("get", f"plugins?pluginType={_TYPE}", role=Role.PUBLIC).json()
    described = {each["content"]["pluginId"]: each["content"] for each in found}
    shell = described[SHELL]
    assert list(described) == _PLUGINS
    assert (shell["version"], shell["owner"], shell["license"]) == ("1.0.0-SNAPSHOT", "CSSI", "GPLv3")
    assert shell["interfaceNames"] == [_TYPE]
    optional = {each["name"]: each["optional"] for each in shell["parameters"]}
    assert [name for name, may_lack in optional.items() if not may_lack] == [
        "shellScript",
        "durationForecast",
        "sizeForecast",
    ]


def test_it_describes_the_plugins_of_processes_without_wrapping() -> None:
    a_tenant()
    assert [each["pluginId"] for each in _call("get", "processplugins/metadata").json()] == _PLUGINS


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("plugins?pluginType=unknown", 422),
        ("plugins/unknown", 404),
        ("plugins/unknown/config", 404),
        ("plugins/configs?pluginType=unknown", 404),
        ("plugins/configs/unknown", 404),
        (f"plugins/{SHELL}/config/unknown", 404),
    ],
)
def test_it_does_not_find_what_is_not_there(path: str, status: int) -> None:
    a_tenant()
    assert _call("get", path).status_code == status


def test_it_names_the_kinds_of_plugin() -> None:
    a_tenant()
    assert _call("get", "plugintypes").json() == [{"content": _TYPE, "links": []}]


def test_it_configures_a_plugin_changes_and_deletes_it() -> None:
    a_tenant()
    made = _call("post", f"plugins/{SHELL}/config", a_plugin(businessId="mine"))
    assert made.status_code == 201
    assert [link["rel"] for link in made.json()["links"]] == ["self", "update", "delete", "list"]
    changed = _call("put", f"plugins/{SHELL}/config/mine", a_plugin("Cut", businessId="mine"))
    assert changed.json()["content"]["label"] == "Cut"
    assert _call("get", "plugins/configs/mine").json()["content"]["label"] == "Cut"
    assert _call("delete", f"plugins/{SHELL}/config/mine").status_code == 204
    assert _call("get", "plugins/configs/mine").status_code == 404


def test_it_lists_by_priority() -> None:
    a_tenant()
    for label, priority in {"low": 1, "high": 2}.items():
        _call("post", f"plugins/{SHELL}/config", a_plugin(label, priorityOrder=priority))
    found = _call("get", f"plugins/{SHELL}/config", role=Role.PUBLIC).json()
    assert [each["content"]["label"] for each in found] == ["high", "low"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (a_plugin(businessId="taken"), 409),
        (a_plugin(pluginId="UselessProcessPlugin"), 404),
        (a_plugin(parameters=[]), 422),
    ],
)
def test_it_refuses_configurations(body: dict[str, Any], status: int) -> None:
    a_tenant()
    _call("post", f"plugins/{SHELL}/config", a_plugin(businessId="taken"))
    assert _call("post", f"plugins/{SHELL}/config", body).status_code == status


def test_it_refuses_a_change_of_the_id() -> None:
    a_tenant()
    _call("post", f"plugins/{SHELL}/config", a_plugin(businessId="mine"))
    assert _call("put", f"plugins/{SHELL}/config/mine", a_plugin(businessId="yours")).status_code == 404


def test_it_keeps_the_configuration_of_a_process() -> None:
    process = a_process(a_tenant())
    answer = _call("delete", f"plugins/{SHELL}/config/{process.process_id}")
    assert answer.status_code == 403
    assert "delete that instead" in answer.json()["messages"][0]


@pytest.mark.parametrize("path", ["plugins/configs", f"plugins/{SHELL}/config"])
def test_it_links_the_deletion_of_those_alone_that_can_be_deleted(
    path: str, django_assert_max_num_queries: Any
) -> None:
    tenant = a_tenant()
    for label in ("Crop", "Cut"):
        a_process(tenant, label)
    _call("post", f"plugins/{SHELL}/config", a_plugin("Free"))
    with django_assert_max_num_queries(5):
        found = _call("get", path).json()
    may = {each["content"]["label"]: [link["rel"] for link in each["links"]] for each in found}
    assert may == {
        "Crop": ["self", "update", "list"],
        "Cut": ["self", "update", "list"],
        "Free": ["self", "update", "delete", "list"],
    }


def test_it_has_no_live_instances_to_drop() -> None:
    a_tenant()
    assert _call("delete", "plugins/cache").status_code == 204


def test_it_shows_and_keeps_secrets_encrypted(tmp_path: Path) -> None:
    a_tenant()
    secret = [{"name": "password", "type": "STRING", "value": "open sesame"}]
    with installed(tmp_path, vault="Vault"):
        body = {"pluginId": "Vault", "label": "Safe", "businessId": "safe", "parameters": secret}
        shown = _call("post", "plugins/Vault/config", body).json()["content"]
        sealed = shown["parameters"][0]["value"]
        again = _call("put", "plugins/Vault/config/safe", shown).json()["content"]
        other = _call("put", "plugins/Vault/config/safe", body).json()["content"]
    assert "sesame" not in sealed
    assert every(PluginConfiguration).get().parameters[0]["value"] != "open sesame"
    assert again["parameters"][0]["value"] == sealed
    assert other["parameters"][0]["value"] not in {sealed, "open sesame"}


_EVENTS = "fr.cnes.regards.framework.modules.plugins.domain.event"
_PLUGIN = f"regards.broadcast.{_EVENTS}.PluginConfEvent"
_BROADCAST = f"regards.broadcast.rs-processing.{_EVENTS}.BroadcastPluginConfEvent"


def _configured() -> tuple[str, str]:
    """Configure a plugin by REST; return its path and its id."""
    made = _call("post", f"plugins/{SHELL}/config", a_plugin()).json()["content"]
    return f"plugins/{SHELL}/config/{made['businessId']}", made["businessId"]


def test_it_tells_of_every_change_of_a_configuration(broker: InMemoryBroker) -> None:
    a_tenant()
    with committing(execute=True):
        path, business_id = _configured()
        _call("put", path, a_plugin("Cut", businessId=business_id))
        _call("put", path, a_plugin("Cut", businessId=business_id, active=False))
        _call("put", path, a_plugin("Cut", businessId=business_id, active=True))
        _call("delete", path)
    for exchange in (_PLUGIN, _BROADCAST):
        bodies = [json.loads(message.body) for message in broker.published_to(exchange)]
        assert [body["action"] for body in bodies] == [
            *("CREATE", "UPDATE"),
            *("UPDATE", "DISABLE"),
            *("UPDATE", "ACTIVATE"),
            "DELETE",
        ]
        assert {body["pluginBusinnessId"] for body in bodies} == {business_id}
        assert (bodies[0]["label"], bodies[1]["label"], bodies[-1]["pluginTypes"]) == ("Crop", "Cut", [_TYPE])
    (first, *_) = broker.published_to(_BROADCAST)
    told = {name: first.headers[f"regards.{name}"] for name in ("tenant", "converter", "type")}
    assert told == {
        "tenant": "demo",
        "converter": "GSON",
        "type": f"{_EVENTS}.BroadcastPluginConfEvent",
    }


def test_it_tells_of_the_configurations_of_processes(broker: InMemoryBroker) -> None:
    tenant = a_tenant()
    with committing(execute=True):
        process = a_process(tenant)
        _call("delete", f"processplugins/config/{process.process_id}")
    actions = [json.loads(message.body)["action"] for message in broker.published_to(_PLUGIN)]
    assert actions == ["CREATE", "DELETE"]


@pytest.mark.parametrize("service", ["rs-processing", "rs-worker-manager"])
def test_it_has_live_plugins_dropped(service: str, broker: InMemoryBroker) -> None:
    a_tenant()
    with committing(execute=True):
        client = client_as(Role.PROJECT_ADMIN, tenant="demo")
        assert client.delete(f"/api/v1/{service}/plugins/cache").status_code == 204
    exchange = f"regards.broadcast.{service}.{_EVENTS}.PluginConfClearCacheEvent"
    assert [message.body for message in broker.published_to(exchange)] == [b"{}"]
    assert AuditEntry.objects.get(action="plugin_cache.cleared").target == service


@pytest.mark.parametrize(
    ("verb", "path", "status"),
    [
        ("get", "plugins", 200),
        ("get", "plugintypes", 200),
        ("get", "plugins/configs", 200),
        ("get", f"plugins?pluginType={_TYPE}", 422),
        ("get", f"plugins/configs?pluginType={_TYPE}", 404),
        ("get", f"plugins/{SHELL}", 404),
        ("get", f"plugins/{SHELL}/config", 404),
        ("post", f"plugins/{SHELL}/config", 404),
        ("get", "plugins/configs/{id}", 404),
        ("get", f"plugins/{SHELL}/config/{{id}}", 404),
        ("put", f"plugins/{SHELL}/config/{{id}}", 404),
        ("delete", f"plugins/{SHELL}/config/{{id}}", 404),
    ],
)
def test_it_has_no_plugins_in_the_worker_manager(verb: str, path: str, status: int) -> None:
    business_id = a_process(a_tenant()).process_id
    client = client_as(Role.PROJECT_ADMIN, tenant="demo")
    address = f"/api/v1/rs-worker-manager/{path.format(id=business_id)}"
    body = {"post": a_plugin(), "put": a_plugin()}.get(verb)
    answer = getattr(client, verb)(address, body, format="json")
    assert answer.status_code == status
    assert answer.json() == [] or status >= 400
    assert every(PluginConfiguration).count() == 1
