"""Roles, shapes and errors of the endpoints, as the clients of REGARDS know them."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from regards_processing.kernel.auth.roles import Role
from regards_processing.processing.models import Execution, PluginConfiguration
from regards_processing.processing.services.executions import order_executions
from tests.factories.executions import FILE, a_batch, an_execution_order, the_execution
from tests.factories.processing import a_parameter, a_plugin, a_process, some_rights
from tests.factories.rest import client_as
from tests.factories.rows import every
from tests.factories.worker_manager import AT, a_tenant
from tests.fakes.engine import committing

pytestmark = pytest.mark.django_db

_BASE = "/api/v1/rs-processing"
_NOBODY = UUID(int=7)
_CONFIG = f"processplugins/config/{_NOBODY}"
#: Each verb of the contract, the least role that may call it, and one that may not.
_ROLES = [
    ("get", "process", Role.REGISTERED_USER, Role.PUBLIC),
    ("get", f"process/{_NOBODY}", Role.REGISTERED_USER, Role.PUBLIC),
    ("post", "batch", Role.REGISTERED_USER, Role.PUBLIC),
    ("post", "monitoring/executions", Role.ADMIN, Role.EXPLOIT),
    ("get", "monitoring/executions", Role.ADMIN, Role.EXPLOIT),
    ("get", "processplugins/config", Role.REGISTERED_USER, Role.PUBLIC),
    ("post", "processplugins/config", Role.ADMIN, Role.EXPLOIT),
    ("get", _CONFIG, Role.REGISTERED_USER, Role.PUBLIC),
    ("put", _CONFIG, Role.ADMIN, Role.EXPLOIT),
    ("delete", _CONFIG, Role.ADMIN, Role.EXPLOIT),
    ("put", f"{_CONFIG}/userRole", Role.ADMIN, Role.EXPLOIT),
    ("get", "processplugins/linkprocessdataset/URN:A", Role.REGISTERED_USER, Role.PUBLIC),
    ("put", "processplugins/linkprocessdataset/URN:A", Role.ADMIN, Role.EXPLOIT),
    ("post", "processplugins/fordatasets", Role.REGISTERED_USER, Role.PUBLIC),
    ("get", "processplugins/metadata", Role.ADMIN, Role.EXPLOIT),
]


def _call(verb: str, path: str, body: object = None, *, role: str = Role.ADMIN) -> Any:
    return getattr(client_as(role, tenant="demo"), verb)(f"{_BASE}/{path}", body, format="json")


def _search(query: str = "", body: object = None) -> Any:
    return _call("post", f"monitoring/executions?tenant=demo{query}", body or {})


@pytest.fixture
def execution() -> Execution:
    """An execution whose forecast is no whole number of seconds."""
    tenant = a_tenant()
    process = a_process(tenant, to_all=True)
    stored = every(PluginConfiguration).get()
    forecast = a_parameter("durationForecast", "1.5s")
    others = [each for each in stored.parameters if each["name"] != "durationForecast"]
    every(PluginConfiguration).update(parameters=[*others, forecast])
    batch = a_batch(tenant, process)
    with committing(execute=True):
        order_executions(orders=[an_execution_order(batch)], at=AT)
    return the_execution()


@pytest.mark.parametrize(("verb", "path", "least", "less"), _ROLES)
def test_it_asks_for_the_role_of_the_contract(verb: str, path: str, least: str, less: str) -> None:
    a_tenant()
    assert _call(verb, path, {}, role=least).status_code != 403
    assert _call(verb, path, {}, role=less).status_code == 403


@pytest.mark.parametrize(
    ("verb", "path"),
    [
        ("post", "process"),
        ("get", "batch"),
        ("put", "monitoring/executions"),
        ("put", "processplugins/config"),
    ],
)
def test_it_says_that_a_verb_is_wrong(verb: str, path: str) -> None:
    a_tenant()
    answer = _call(verb, path, {})
    assert answer.status_code == 405
    assert answer.json()["messages"]


@pytest.mark.parametrize("path", ["batch", "processplugins/config", "monitoring/executions?tenant=demo"])
def test_it_says_that_a_body_cannot_be_read(path: str) -> None:
    a_tenant()
    client = client_as(Role.ADMIN, tenant="demo")
    for text in ("{", ""):
        answer = client.post(f"{_BASE}/{path}", text, content_type="application/json")
        assert answer.status_code == 400
        assert answer.json()["messages"]


def test_it_says_that_an_id_is_no_uuid() -> None:
    a_tenant()
    for path in ("process/x", "processplugins/config/x"):
        assert _call("get", path).status_code == 400


@pytest.mark.usefixtures("execution")
def test_it_indents_answers_on_request() -> None:
    plain, pretty = _call("get", "process"), _call("get", "process?_pretty")
    assert b"\n" not in plain.content
    assert pretty.content.count(b"\n") > 10
    assert plain.json() == pretty.json()


def test_it_shows_an_execution_with_these_fields_and_no_others(execution: Execution) -> None:
    (shown,) = _search().json()["content"]
    registered = {"status": "REGISTERED", "time": "2025-06-01T12:00:00Z", "message": ""}
    assert shown == {
        "content": {
            "id": str(execution.pk),
            "executionCorrelationId": "e-1",
            "batchId": str(execution.batch_id),
            "batchCorrelationId": "order-1_sub-1",
            "expectedDuration": {"seconds": 1, "nanos": 500_000_000},
            "inputFiles": [FILE],
            "steps": [registered],
            "tenant": "demo",
            "userName": "ada@x.org",
            "processBusinessId": str(execution.process_id),
            "processName": "Crop",
            "created": "2025-06-01T12:00:00Z",
            "lastUpdated": "2025-06-01T12:00:00Z",
        },
        "links": [],
    }


@pytest.mark.usefixtures("execution")
def test_it_shows_executions_whose_process_is_gone_by_its_last_name() -> None:
    every(PluginConfiguration).all().delete()
    answer = _search().json()
    assert answer["metadata"]["totalElements"] == 1
    assert [each["content"]["processName"] for each in answer["content"]] == ["Crop"]


@pytest.mark.parametrize(
    ("page", "rels"),
    [
        (0, ["self", "next", "last"]),
        (1, ["first", "prev", "self", "next", "last"]),
        (2, ["first", "prev", "self"]),
    ],
)
def test_it_leads_from_page_to_page(page: int, rels: list[str], execution: Execution) -> None:
    batch = execution.batch
    with committing(execute=True):
        order_executions(orders=[an_execution_order(batch, name) for name in ("e-2", "e-3")], at=AT)
    answer = _search(f"&page={page}&size=1&sort=created,asc").json()
    assert sorted(link["rel"] for link in answer["links"]) == sorted(rels)
    assert answer["metadata"] == {"size": 1, "totalElements": 3, "totalPages": 3, "number": page}


@pytest.mark.parametrize(
    ("after", "found"),
    [
        ("2025-06-01T12:00:00Z", 1),
        ("2025-06-01T14:00:00+02:00", 1),
        ("2025-06-01T12:00:00", 1),
        ("2025-06-01T12:00:00.000001Z", 0),
        ("2025-06-01T14:00:00.5+02:00", 0),
    ],
)
def test_it_reads_dates_with_and_without_an_offset(after: str, found: int, execution: Execution) -> None:
    answer = _search(body={"creationDate": {"after": after}})
    assert answer.json()["metadata"]["totalElements"] == found
    assert execution.last_updated - AT == timedelta()


@pytest.mark.parametrize(
    ("restriction", "found"),
    [
        ({"values": ["ada@x.org"], "mode": "INCLUDE"}, 1),
        ({"values": ["ada"], "mode": "INCLUDE"}, 0),
        ({"values": ["ada"], "mode": "INCLUDE", "matchMode": "STARTS_WITH"}, 1),
        ({"values": ["x.org"], "mode": "INCLUDE", "matchMode": "ENDS_WITH"}, 1),
        ({"values": ["ada_x"], "mode": "INCLUDE", "matchMode": "STARTS_WITH"}, 0),
        ({"values": ["b", "ada"], "mode": "EXCLUDE", "matchMode": "STARTS_WITH"}, 0),
        ({"values": ["b", "c"], "mode": "EXCLUDE", "matchMode": "CONTAINS"}, 1),
        ({"values": ["x"] * 999 + ["ada@x.org"], "mode": "INCLUDE"}, 1),
    ],
)
def test_it_matches_users(restriction: dict[str, Any], found: int, execution: Execution) -> None:
    answer = _search(body={"userEmail": restriction})
    assert answer.json()["metadata"]["totalElements"] == found
    assert execution.user_email == "ada@x.org"


def test_it_leaves_out_what_is_null() -> None:
    a_tenant()
    plugin = a_plugin(iconUrl=None) | {"parameters": [*a_plugin()["parameters"], a_parameter("scope", None)]}
    body = {"pluginConfiguration": plugin, "rights": some_rights() | {"isLinkedToAllDatasets": None}}
    with committing(execute=True):
        made = _call("post", "processplugins/config", body).json()["content"]
    assert "iconUrl" not in made["pluginConfiguration"]
    assert made["pluginConfiguration"]["parameters"][-1] == {
        "name": "scope",
        "type": "STRING",
        "dynamic": False,
    }
    assert made["rights"] == some_rights()


def test_it_finds_no_configuration_of_a_business_id_that_is_not_there() -> None:
    a_tenant()
    body = {"pluginConfiguration": a_plugin(businessId=str(_NOBODY)), "rights": some_rights()}
    assert _call("post", "processplugins/config", body).status_code == 404


@pytest.mark.parametrize("verb", ["post", "put"])
def test_it_needs_rights(verb: str) -> None:
    process = a_process(a_tenant())
    path = {"post": "processplugins/config", "put": f"processplugins/config/{process.process_id}"}[verb]
    answer = _call(verb, path, {"pluginConfiguration": a_plugin()})
    assert (answer.status_code, answer.json()["messages"]) == (422, ["rights: This field is required."])


def test_it_has_an_answer_for_every_dataset_that_is_asked_for() -> None:
    a_process(a_tenant(), datasets=["URN:A"])
    found = _call("post", "processplugins/fordatasets", ["URN:A", "URN:B"]).json()
    assert list(found) == ["URN:A", "URN:B"]
    assert found["URN:B"] == []


def test_it_describes_a_parameter_with_these_fields() -> None:
    a_tenant()
    shell = {each["pluginId"]: each for each in _call("get", "processplugins/metadata").json()}
    described = shell["SimpleShellProcessPlugin"]
    scope = next(each for each in described["parameters"] if each["name"] == "scope")
    assert scope == {
        "name": "scope",
        "label": "Scope",
        "description": "One execution for each SUBORDER, or for each FEATURE",
        "type": "STRING",
        "defaultValue": "SUBORDER",
        "optional": True,
        "sensitive": False,
        "unconfigurable": False,
    }
    assert described["pluginClassName"].endswith(".impl.sample.SimpleShellProcessPlugin")
