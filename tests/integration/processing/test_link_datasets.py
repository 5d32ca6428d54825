"""Datasets and the processes that serve them, by REST."""

import json
from typing import Any
from uuid import uuid4

import pytest

from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.testing import InMemoryBroker
from regards_processing.kernel.auth.roles import Role
from tests.factories.processing import a_process
from tests.factories.rest import client_as
from tests.factories.worker_manager import a_tenant
from tests.fakes.engine import committing

pytestmark = pytest.mark.django_db

_BASE = "/api/v1/rs-processing/processplugins"


def _call(verb: str, path: str, body: object = None, *, role: str = Role.ADMIN) -> Any:
    with committing(execute=True):
        return getattr(client_as(role, tenant="demo"), verb)(f"{_BASE}/{path}", body, format="json")


def _labels(dataset: str) -> list[str]:
    found = _call("get", f"linkprocessdataset/{dataset}", role=Role.REGISTERED_USER).json()
    return [each["label"] for each in found]


def test_it_lists_those_of_the_dataset_and_those_of_all() -> None:
    tenant = a_tenant()
    linked = a_process(tenant, "linked", datasets=["URN:A"])
    a_process(tenant, "to all", to_all=True)
    a_process(tenant, "elsewhere", datasets=["URN:B"])
    found = _call("get", "linkprocessdataset/URN:A").json()
    assert found[0] == {"processBusinessId": str(linked.process_id), "label": "linked"}
    assert [each["label"] for each in found] == ["linked", "to all"]


def test_it_lists_those_of_several_datasets_at_once() -> None:
    tenant = a_tenant()
    a_process(tenant, "linked", datasets=["URN:A"])
    a_process(tenant, "to all", to_all=True)
    found = _call("post", "fordatasets", ["URN:A", "URN:B"], role=Role.REGISTERED_USER).json()
    labels = {dataset: [each["label"] for each in processes] for dataset, processes in found.items()}
    assert labels == {"URN:A": ["linked", "to all"], "URN:B": ["to all"]}


def test_it_links_and_unlinks(broker: InMemoryBroker) -> None:
    tenant = a_tenant()
    old = a_process(tenant, "old", datasets=["URN:A", "URN:B"])
    new = a_process(tenant, "new")
    a_process(tenant, "other", datasets=["URN:B"])
    answer = _call("put", "linkprocessdataset/URN:A", [str(new.process_id)])
    assert (answer.status_code, answer.content) == (200, b"")
    assert (_labels("URN:A"), _labels("URN:B")) == (["new"], ["old", "other"])
    told = [json.loads(message.body) for message in broker.published_to(topology.RIGHTS_EXCHANGE)]
    changed = {
        event["after"]["pluginConfiguration"]["businessId"] for event in told if event["type"] == "UPDATE"
    }
    assert changed == {str(old.process_id), str(new.process_id)}


def test_it_unlinks_all_without_a_body() -> None:
    a_process(a_tenant(), "old", datasets=["URN:A"])
    assert _call("put", "linkprocessdataset/URN:A").status_code == 200
    assert _labels("URN:A") == []


@pytest.mark.parametrize("body", ["null", "[null]", "[]"])
def test_it_unlinks_all_where_there_is_nothing_in_the_body(body: str) -> None:
    a_process(a_tenant(), "old", datasets=["URN:A"])
    client = client_as(Role.ADMIN, tenant="demo")
    address = f"{_BASE}/linkprocessdataset/URN:A"
    assert client.put(address, body, content_type="application/json").status_code == 200
    assert _labels("URN:A") == []


def test_it_passes_over_datasets_that_are_null() -> None:
    a_process(a_tenant(), "linked", datasets=["URN:A"])
    found = _call("post", "fordatasets", [None, "URN:A"]).json()
    assert [(name, len(labels)) for name, labels in found.items()] == [("URN:A", 1)]


def test_it_changes_nothing_when_a_process_does_not_exist() -> None:
    process = a_process(a_tenant(), "new")
    answer = _call("put", "linkprocessdataset/URN:A", [str(process.process_id), str(uuid4())])
    assert answer.status_code == 404
    assert _labels("URN:A") == []


@pytest.mark.parametrize(
    ("verb", "path", "body"),
    [
        ("put", "linkprocessdataset/URN:A", ["no uuid"]),
        ("put", "linkprocessdataset/URN:A", {"a": 1}),
        ("put", f"linkprocessdataset/{'x' * 129}", []),
        ("post", "fordatasets", {"a": 1}),
        ("post", "fordatasets", [["URN:A"]]),
        ("post", "fordatasets", ["URN:A"] * 1001),
    ],
)
def test_it_refuses_what_makes_no_sense(verb: str, path: str, body: object) -> None:
    a_tenant()
    assert _call(verb, path, body).status_code == 422
