"""Processes by REST: made, read, changed, deleted; and what order services hear of it."""

import json
from typing import Any
from uuid import uuid4

import pytest
from pytest_django import Settings

from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.testing import InMemoryBroker
from regards_processing.kernel.audit.models import AuditEntry, Origin
from regards_processing.kernel.audit.services import Actor
from regards_processing.kernel.auth.models import CustomRole
from regards_processing.kernel.auth.roles import Role
from regards_processing.kernel.auth.services.rules import RoleInUse, delete_rules
from regards_processing.processing.models import PluginConfiguration, Process
from tests.factories.access import a_custom_role
from tests.factories.processing import SHELL, VERSION, a_parameter, a_plugin, a_process, some_rights
from tests.factories.rest import client_as
from tests.factories.rows import every
from tests.factories.worker_manager import AT, a_tenant
from tests.fakes.engine import committing

pytestmark = pytest.mark.django_db

_BASE = "/api/v1/rs-processing/processplugins/config"


def _call(verb: str, path: str = "", body: object = None, *, role: str = Role.ADMIN, **others: Any) -> Any:
    with committing(execute=True):
        client = client_as(role, tenant="demo")
        return getattr(client, verb)(f"{_BASE}{path}", body, format="json", **others)


def _events(broker: InMemoryBroker) -> list[dict[str, Any]]:
    return [json.loads(message.body) for message in broker.published_to(topology.RIGHTS_EXCHANGE)]


def _made(**plugin: Any) -> dict[str, Any]:
    answer = _call("post", body={"pluginConfiguration": a_plugin(**plugin), "rights": some_rights()})
    assert answer.status_code == 201, answer.content
    content: dict[str, Any] = answer.json()["content"]
    return content


def test_it_makes_a_process_with_an_id_and_the_plugins_version() -> None:
    a_tenant()
    made = _made()
    stored = every(PluginConfiguration).get()
    assert made["pluginConfiguration"] == a_plugin() | {
        "id": stored.pk,
        "businessId": stored.business_id,
        "version": VERSION,
        "priorityOrder": 0,
        "active": True,
    }
    assert made["rights"] == {"role": "EXPLOIT", "datasets": [], "isLinkedToAllDatasets": False}
    assert str(every(Process).get().process_id) == stored.business_id


def test_it_tells_of_a_new_process(broker: InMemoryBroker) -> None:
    a_tenant()
    made = _made()
    assert _events(broker) == [{"type": "CREATE", "after": made}]
    (message,) = broker.published_to(topology.RIGHTS_EXCHANGE)
    assert message.headers.items() >= {
        ("regards.tenant", "demo"),
        ("regards.converter", "GSON"),
        ("regards.type", "fr.cnes.regards.modules.processing.event.RightsPluginConfigurationEvent"),
    }


def test_it_uses_the_configuration_that_has_the_business_id() -> None:
    a_tenant()
    made = _made()
    business_id = made["pluginConfiguration"]["businessId"]
    every(Process).delete()
    body = {
        "pluginConfiguration": a_plugin(label="ignored", businessId=business_id),
        "rights": some_rights("ADMIN"),
    }
    answer = _call("post", body=body)
    assert answer.status_code == 201
    assert answer.json()["content"]["pluginConfiguration"] == made["pluginConfiguration"]
    assert answer.json()["content"]["rights"]["role"] == "ADMIN"


def _configured(business_id: str) -> None:
    """Store a plugin configuration that no process is made of."""
    body = a_plugin(businessId=business_id)
    client = client_as(Role.PROJECT_ADMIN, tenant="demo")
    assert (
        client.post(f"/api/v1/rs-processing/plugins/{SHELL}/config", body, format="json").status_code == 201
    )


@pytest.mark.parametrize(
    "ignored", [{}, {"pluginId": "Unknown", "label": 5, "parameters": "x", "version": [], "active": {}}]
)
def test_it_looks_at_nothing_else_where_there_is_a_business_id(ignored: dict[str, Any]) -> None:
    a_tenant()
    business_id = str(uuid4())
    _configured(business_id)
    body = {"pluginConfiguration": {"businessId": business_id, **ignored}, "rights": some_rights()}
    answer = _call("post", body=body)
    assert answer.status_code == 201, answer.content
    assert answer.json()["content"]["pluginConfiguration"]["label"] == "Crop"


@pytest.mark.parametrize(
    ("plugin", "told"),
    [
        ({"businessId": "no/id"}, ["pluginConfiguration.businessId: "]),
        ({"businessId": 5.5}, ["pluginConfiguration.businessId: "]),
        ({"businessId": None}, ["pluginConfiguration.pluginId: ", "pluginConfiguration.label: "]),
    ],
)
def test_it_needs_a_business_id_or_a_whole_configuration(plugin: dict[str, Any], told: list[str]) -> None:
    a_tenant()
    answer = _call("post", body={"pluginConfiguration": plugin, "rights": some_rights()})
    assert answer.status_code == 422
    messages = answer.json()["messages"]
    assert [text for text, start in zip(messages, told, strict=True) if not text.startswith(start)] == []


def test_it_does_not_find_a_configuration_that_is_not_there() -> None:
    a_tenant()
    body = {"pluginConfiguration": {"businessId": str(uuid4())}, "rights": some_rights()}
    assert _call("post", body=body).status_code == 404


@pytest.mark.parametrize(
    "business_id", ["mine", "5E1B9B1C-7D4D-4D9A-9A53-5F0E0C1C2D3E", "5e1b9b1c7d4d4d9a9a535f0e0c1c2d3e"]
)
def test_it_makes_no_process_whose_id_is_written_otherwise_than_uuids_are(business_id: str) -> None:
    a_tenant()
    _configured(business_id)
    body = {"pluginConfiguration": {"businessId": business_id}, "rights": some_rights()}
    answer = _call("post", body=body)
    assert answer.status_code == 422
    assert answer.json()["messages"][0].startswith(
        f"businessId {business_id} is refused: the id of a process"
    )
    assert not every(Process).exists()


def test_it_makes_one_process_of_a_configuration() -> None:
    a_tenant()
    business_id = _made()["pluginConfiguration"]["businessId"]
    body = {"pluginConfiguration": a_plugin(businessId=business_id), "rights": some_rights()}
    assert _call("post", body=body).status_code == 409


@pytest.mark.parametrize(
    ("plugin", "told"),
    [
        ({"pluginId": "Unknown"}, "Plugin Unknown is unknown; there are "),
        ({"version": "2"}, "Plugin configuration version (2) is different from plugin one (1.0.0-SNAPSHOT)."),
        ({"parameters": []}, "Plugin Parameter shellScript is missing."),
        ({"label": ""}, "pluginConfiguration.label: This field may not be blank."),
        ({"businessId": "no/id"}, "pluginConfiguration.businessId"),
        (
            {"parameters": [a_parameter("a", 1)]},
            "pluginConfiguration.parameters[0].value: 1 is refused: a text without NUL is expected",
        ),
        (
            {"parameters": [a_parameter("a", "1"), a_parameter("a", "2")]},
            "pluginConfiguration.parameters: Given twice: a",
        ),
        (
            {"parameters": [*a_plugin()["parameters"], a_parameter("scope", "ALL")]},
            "Plugin Parameter scope: 'ALL' is refused: one of SUBORDER, FEATURE is expected",
        ),
        (
            {"parameters": [*a_plugin()["parameters"], a_parameter("addMetadata", "x")]},
            "Plugin Parameter addMetadata: 'x' is refused: true or false is expected",
        ),
        (
            {
                "parameters": [
                    *a_plugin()["parameters"][:2],
                    a_parameter("sizeForecast", "much"),
                ]
            },
            "Plugin Parameter sizeForecast: Unparsable forecast 'much'",
        ),
    ],
)
def test_it_refuses_configurations_that_do_not_fit(plugin: dict[str, Any], told: str) -> None:
    a_tenant()
    answer = _call("post", body={"pluginConfiguration": a_plugin() | plugin, "rights": some_rights()})
    assert answer.status_code == 422
    assert told in " ".join(answer.json()["messages"])
    assert not every(PluginConfiguration).exists()


@pytest.mark.parametrize(
    "rights", [{}, {"role": "ADMIN"}, {"role": "NOBODY", "datasets": []}, {"datasets": []}]
)
def test_it_refuses_rights_that_make_no_sense(rights: dict[str, Any]) -> None:
    a_tenant()
    answer = _call("post", body={"pluginConfiguration": a_plugin(), "rights": rights})
    assert answer.status_code == 422
    assert not every(PluginConfiguration).exists()


def test_it_knows_the_documented_name_of_a_right() -> None:
    a_tenant()
    rights = {"role": "EXPLOIT", "datasets": [], "linkedToAllDatasets": True}
    answer = _call("post", body={"pluginConfiguration": a_plugin(), "rights": rights})
    assert answer.json()["content"]["rights"]["isLinkedToAllDatasets"] is True


def test_it_changes_a_process_and_tells_what_it_was(broker: InMemoryBroker) -> None:
    a_tenant()
    before = _made()
    process_id = before["pluginConfiguration"]["businessId"]
    body = {
        "pluginConfiguration": a_plugin("Cut"),
        "rights": some_rights("ADMIN", datasets=["URN:B", "URN:A"]),
    }
    answer = _call("put", f"/{process_id}", body)
    after = answer.json()["content"]
    assert answer.status_code == 200
    assert after["pluginConfiguration"]["label"] == "Cut"
    assert after["rights"] == some_rights("ADMIN", datasets=["URN:A", "URN:B"])
    assert _events(broker)[1:] == [{"type": "UPDATE", "before": before, "after": after}]


def test_it_tells_of_an_update_that_changes_nothing(broker: InMemoryBroker) -> None:
    a_tenant()
    made = _made()
    answer = _call("put", f"/{made['pluginConfiguration']['businessId']}", made)
    assert answer.json()["content"] == made
    assert _events(broker)[1:] == [{"type": "UPDATE", "before": made, "after": made}]


@pytest.mark.parametrize(("kept", "datasets"), [("yes", ["URN:A"]), ("", [])])
def test_it_leaves_links_where_a_front_end_never_names_any(
    kept: str, datasets: list[str], broker: InMemoryBroker, settings: Settings
) -> None:
    settings.PROCESS_LINKS_KEPT = bool(kept)
    process = a_process(a_tenant(), datasets=["URN:A"])
    body = {"pluginConfiguration": a_plugin("Cut"), "rights": some_rights()}
    answer = _call("put", f"/{process.process_id}", body)
    assert answer.json()["content"]["rights"]["datasets"] == datasets
    assert _events(broker)[-1]["after"]["rights"]["datasets"] == datasets


def test_it_refuses_ids_that_differ() -> None:
    a_tenant()
    process_id = _made()["pluginConfiguration"]["businessId"]
    body = {"pluginConfiguration": a_plugin(businessId=str(uuid4())), "rights": some_rights()}
    assert _call("put", f"/{process_id}", body).status_code == 400


def test_it_changes_nothing_when_the_rights_are_refused() -> None:
    a_tenant()
    process_id = _made()["pluginConfiguration"]["businessId"]
    body = {"pluginConfiguration": a_plugin("Cut"), "rights": some_rights("NOBODY")}
    assert _call("put", f"/{process_id}", body).status_code == 422
    assert every(PluginConfiguration).get().label == "Crop"


def test_it_deletes_a_process_with_its_configuration(broker: InMemoryBroker) -> None:
    a_tenant()
    before = _made()
    answer = _call("delete", f"/{before['pluginConfiguration']['businessId']}")
    assert (answer.status_code, answer.content) == (200, b"")
    assert not every(PluginConfiguration).exists()
    assert not every(Process).exists()
    assert _events(broker)[1:] == [{"type": "DELETE", "before": before}]


def test_it_changes_the_role_of_a_process(broker: InMemoryBroker) -> None:
    a_custom_role(a_tenant(), name="SCIENTIST")
    process_id = _made()["pluginConfiguration"]["businessId"]
    answer = _call("put", f"/{process_id}/userRole?userRole=SCIENTIST")
    assert (answer.status_code, answer.content) == (200, b"")
    assert _call("get", f"/{process_id}").json()["content"]["rights"]["role"] == "SCIENTIST"
    assert [event["type"] for event in _events(broker)] == ["CREATE", "UPDATE"]


def test_it_keeps_a_role_that_a_process_names() -> None:
    role = a_custom_role(a_tenant(), name="SCIENTIST")
    process_id = _made()["pluginConfiguration"]["businessId"]
    _call("put", f"/{process_id}/userRole?userRole=SCIENTIST")
    deletion: dict[str, Any] = {"rules": [role], "actor": Actor(name="root", origin=Origin.ADMIN), "at": AT}
    with pytest.raises(RoleInUse, match=f"Role SCIENTIST is still used: process .* \\({process_id}\\)"):
        delete_rules(**deletion)
    _call("put", f"/{process_id}/userRole?userRole=EXPLOIT")
    delete_rules(**deletion)
    assert not every(CustomRole).exists()


def test_it_changes_a_process_whose_role_is_gone() -> None:
    a_tenant()
    process_id = _made()["pluginConfiguration"]["businessId"]
    every(Process).update(role="SCIENTIST")
    kept = _call("get", f"/{process_id}").json()["content"]
    assert _call("put", f"/{process_id}", kept).status_code == 200
    other = kept | {"rights": kept["rights"] | {"role": "PILOT"}}
    assert _call("put", f"/{process_id}", other).status_code == 422


@pytest.mark.parametrize(("query", "status"), [("", 400), ("?userRole=", 400), ("?userRole=NOBODY", 422)])
def test_it_refuses_roles_that_do_not_exist(query: str, status: int) -> None:
    a_tenant()
    process_id = _made()["pluginConfiguration"]["businessId"]
    assert _call("put", f"/{process_id}/userRole{query}").status_code == status


@pytest.mark.parametrize(
    ("verb", "path"), [("get", ""), ("put", ""), ("delete", ""), ("put", "/userRole?userRole=ADMIN")]
)
def test_it_does_not_find_what_is_not_there(verb: str, path: str) -> None:
    a_tenant()
    process_id = uuid4()
    answer = _call(verb, f"/{process_id}{path}", {"pluginConfiguration": a_plugin(), "rights": some_rights()})
    assert answer.status_code == 404
    assert answer.json()["messages"] == [
        f'404 NOT_FOUND "Rights for plugin with UUID {process_id} not found"'
    ]


@pytest.mark.parametrize(
    "process_id", ["x", "{0d4f2f0c-6c1c-4a51-9f3e-2f7a0f9b6a11}", "0d4f2f0c6c1c4a519f3e2f7a0f9b6a11"]
)
def test_it_refuses_ids_that_are_no_uuid(process_id: str) -> None:
    a_tenant()
    answer = _call("get", f"/{process_id}")
    assert answer.status_code == 400
    assert "a UUID is expected" in answer.json()["messages"][0]


@pytest.mark.parametrize(
    ("role", "labels"),
    [
        (Role.REGISTERED_USER, ["for users"]),
        (Role.EXPLOIT, ["for operators", "for users"]),
        (Role.PROJECT_ADMIN, ["for admins", "for operators", "for users"]),
        ("SCIENTIST", ["for users"]),
    ],
)
def test_it_lists_the_processes_that_the_caller_may_order(role: str, labels: list[str]) -> None:
    tenant = a_tenant()
    a_custom_role(tenant, name="SCIENTIST", inherits=Role.REGISTERED_USER)
    a_process(tenant, "for users", role="REGISTERED_USER")
    a_process(tenant, "for operators", role="EXPLOIT")
    a_process(tenant, "for admins", role="PROJECT_ADMIN")
    found = _call("get", role=role).json()
    assert [each["content"]["pluginConfiguration"]["label"] for each in found] == labels


@pytest.mark.parametrize(
    ("pattern", "labels"),
    [("op", ["Crop"]), ("^C.*t$", ["Cut"]), ("crop", []), ("(C)(r|u)", ["Crop", "Cut"])],
)
def test_it_finds_processes_by_their_name(pattern: str, labels: list[str]) -> None:
    tenant = a_tenant()
    a_process(tenant, "Crop")
    a_process(tenant, "Cut")
    found = _call("get", f"?processNameLike={pattern}").json()
    assert [each["content"]["pluginConfiguration"]["label"] for each in found] == labels


def test_it_refuses_what_is_no_regular_expression() -> None:
    a_tenant()
    answer = _call("get", "?processNameLike=(")
    assert answer.status_code == 400
    assert "a regular expression is expected" in answer.json()["messages"][0]


def test_it_links_what_the_caller_may_do() -> None:
    process = a_process(a_tenant(), role="PUBLIC")
    address = f"http://testserver{_BASE}/{process.process_id}"
    admin = _call("get", f"/{process.process_id}").json()["links"]
    user = _call("get", f"/{process.process_id}", role=Role.REGISTERED_USER).json()["links"]
    assert admin == [{"rel": rel, "href": address} for rel in ("self", "update", "delete")]
    assert user == [{"rel": "self", "href": address}]


@pytest.mark.parametrize(
    ("verb", "path"),
    [("post", ""), ("put", "/{}"), ("delete", "/{}"), ("put", "/{}/userRole?userRole=ADMIN")],
)
def test_it_lets_operators_change_nothing(verb: str, path: str) -> None:
    process = a_process(a_tenant())
    assert _call(verb, path.format(process.process_id), {}, role=Role.EXPLOIT).status_code == 403


def test_it_leaves_a_trace_of_every_change() -> None:
    a_tenant()
    process_id = _made()["pluginConfiguration"]["businessId"]
    _call("put", f"/{process_id}/userRole?userRole=ADMIN")
    _call("delete", f"/{process_id}")
    entries = AuditEntry.objects.filter(target=process_id).order_by("pk")
    assert list(entries.values_list("action", flat=True)) == [
        "process.created",
        "process.updated",
        "process.deleted",
    ]


def test_it_passes_over_null_elements() -> None:
    a_tenant()
    choices = a_parameter("scope", "FEATURE", dynamicsValues=[None, "FEATURE"])
    made = _made(parameters=[None, *a_plugin()["parameters"], choices])
    stored = made["pluginConfiguration"]["parameters"]
    assert stored == [*a_plugin()["parameters"], choices | {"dynamicsValues": ["FEATURE"]}]


def test_it_reads_null_as_absent() -> None:
    a_tenant()
    nulls = {"businessId": None, "version": None, "priorityOrder": None, "active": None, "iconUrl": None}
    choice = a_parameter("scope", "FEATURE", dynamic=None, dynamicsValues=None)
    plugin = a_plugin(parameters=[*a_plugin()["parameters"], choice]) | nulls
    rights = some_rights() | {
        "datasets": [None, "URN:A"],
        "isLinkedToAllDatasets": None,
        "linkedToAllDatasets": True,
        "maxConcurrentExecutions": None,
    }
    answer = _call("post", body={"pluginConfiguration": plugin, "rights": rights})
    assert answer.status_code == 201, answer.content
    content = answer.json()["content"]
    stored = content["pluginConfiguration"]
    assert (stored["version"], stored["priorityOrder"], stored["active"]) == (VERSION, 0, True)
    assert stored["parameters"][-1] == a_parameter("scope", "FEATURE")
    assert content["rights"] == some_rights(datasets=["URN:A"], to_all=True)


def test_it_keeps_unknown_parameters_as_they_are() -> None:
    a_tenant()
    parameters = [*a_plugin()["parameters"], a_parameter("maxFilesInInput", 5, kind="LONG")]
    assert _made(parameters=parameters)["pluginConfiguration"]["parameters"] == parameters
    assert every(PluginConfiguration).get().plugin_id == SHELL
