"""Executions as operators search them."""

from typing import Any
from uuid import UUID

import pytest

from regards_processing.kernel.auth.roles import Role
from regards_processing.processing.measures import executions
from regards_processing.processing.models import Batch
from regards_processing.processing.services.executions import order_executions
from regards_processing.processing.services.outcomes import apply_responses
from tests.factories.executions import a_batch, a_response, an_execution_order, an_outcome, the_execution
from tests.factories.processing import a_process
from tests.factories.rest import client_as
from tests.factories.worker_manager import AT, a_tenant, later
from tests.fakes.engine import committing

pytestmark = pytest.mark.django_db

_NOBODY = UUID(int=7)

_BASE = "/api/v1/rs-processing/monitoring/executions"


@pytest.fixture(autouse=True)
def batch() -> Batch:
    tenant = a_tenant()
    opened = a_batch(tenant, a_process(tenant, to_all=True))
    with committing(execute=True):
        for number, name in enumerate(["first", "second"]):
            order_executions(orders=[an_execution_order(opened, name)], at=later(number))
        ended = a_response(the_execution("first").pk, content=an_outcome())
        apply_responses(responses=[ended], at=later(10))
    return opened


def _search(body: object, query: str = "tenant=demo") -> Any:
    return client_as(Role.ADMIN, tenant="demo").post(f"{_BASE}?{query}", body, format="json")


def _get(query: str) -> Any:
    return client_as(Role.ADMIN, tenant="demo").get(f"{_BASE}?tenant=demo&{query}")


def _found(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [each["content"]["executionCorrelationId"] for each in answer.json()["content"]]


def test_it_shows_executions_as_the_contract_does(batch: Batch) -> None:
    answer = _search({}, "tenant=demo&sort=last_updated,desc").json()
    execution = the_execution("first")
    shown = answer["content"][0]["content"]
    assert answer["metadata"] == {"size": 10, "totalElements": 2, "totalPages": 1, "number": 0}
    assert answer["content"][0]["links"] == []
    assert shown["id"] == str(execution.pk)
    assert (shown["batchId"], shown["processName"], shown["userName"]) == (str(batch.pk), "Crop", "ada@x.org")
    assert shown["expectedDuration"] == {"seconds": 10, "nanos": 0}
    assert [step["status"] for step in shown["steps"]] == ["REGISTERED", "PREPARE", "RUNNING", "SUCCESS"]
    assert shown["steps"][1]["time"] == "2025-06-01T12:00:00.5Z"
    assert shown["lastUpdated"] == "2025-06-01T12:00:10Z"
    assert "version" not in shown


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({}, ["second", "first"]),
        ({"status": {"values": ["SUCCESS"], "mode": "INCLUDE"}}, ["first"]),
        ({"status": {"values": ["SUCCESS"], "mode": "EXCLUDE"}}, ["second"]),
        ({"status": {"values": [], "mode": "INCLUDE"}}, ["second", "first"]),
        (
            {
                "userEmail": {
                    "values": ["ADA@"],
                    "mode": "INCLUDE",
                    "matchMode": "CONTAINS",
                    "ignoreCase": True,
                }
            },
            ["second", "first"],
        ),
        ({"userEmail": {"values": ["a%"], "mode": "INCLUDE", "matchMode": "CONTAINS"}}, []),
        ({"userEmail": {"values": ["ada@x.org", "b"], "mode": "EXCLUDE"}}, []),
        ({"creationDate": {"after": "2025-06-01T12:00:05Z"}}, ["first"]),
        ({"creationDate": {"before": "2025-06-01T12:00:05Z", "after": None}}, ["second"]),
        ({"processBusinessId": str(_NOBODY)}, []),
    ],
)
def test_it_filters(body: dict[str, Any], found: list[str]) -> None:
    assert _found(_search(body)) == found


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["second", "first"]),
        ("status=SUCCESS&status=FAILURE", ["first"]),
        ("status=SUCCESS,REGISTERED&sort=created,asc", ["first", "second"]),
        ("userEmail=ada@x.org&from=2025-06-01T12:00:05Z", ["first"]),
        ("to=2025-06-01T12:00:05Z", ["second"]),
        (f"processBusinessId={_NOBODY}", []),
    ],
)
def test_it_filters_by_parameters_as_well(query: str, found: list[str]) -> None:
    assert _found(_get(query)) == found


@pytest.mark.parametrize(
    "query", ["status=DONE", "from=yesterday", "processBusinessId=x", "sort=steps", "sort=created;drop"]
)
def test_it_refuses_parameters_that_make_no_sense(query: str) -> None:
    assert _get(query).status_code == 400


@pytest.mark.parametrize(("query", "status"), [("", 400), ("tenant=", 400), ("tenant=other", 403)])
def test_it_shows_the_executions_of_the_token_s_tenant_only(query: str, status: int) -> None:
    assert _search({}, query).status_code == status


@pytest.mark.parametrize(
    ("role", "own", "asked", "status"),
    [
        (Role.INSTANCE_ADMIN, "instance", "demo", 200),
        ("SYS_rs-order", "demo", "other", 200),
        (Role.INSTANCE_ADMIN, "instance", "nobody", 400),
        (Role.INSTANCE_ADMIN, "instance", "", 400),
        (Role.PROJECT_ADMIN, "demo", "other", 403),
    ],
)
def test_it_lets_only_callers_above_tenants_name_another(
    role: str, own: str, asked: str, status: int
) -> None:
    a_tenant(name="other")
    answer = client_as(role, tenant=own).post(f"{_BASE}?tenant={asked}", {}, format="json")
    assert answer.status_code == status
    tenants = {each["content"]["tenant"] for each in answer.json().get("content", [])}
    assert tenants <= {asked}


def test_it_refuses_more_values_than_it_takes() -> None:
    many = {"values": ["x"] * 1001, "mode": "INCLUDE"}
    assert _search({"userEmail": many}).status_code == 422


def test_it_measures_open_executions_by_process() -> None:
    samples = {
        (sample.name, *sample.labels.values()): sample.value
        for metric in executions(AT)
        for sample in metric.samples
    }
    assert ("regards_executions", "demo", "Crop", "SUCCESS") not in samples
    assert samples["regards_executions", "demo", "Crop", "REGISTERED"] == 1
    assert ("regards_execution_open_seconds", "REGISTERED") in samples
