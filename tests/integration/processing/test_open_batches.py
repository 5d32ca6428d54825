"""Batches by REST."""

from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.testing import InMemoryBroker
from regards_processing.kernel.audit.models import AuditEntry
from regards_processing.kernel.auth.roles import Role
from regards_processing.processing.models import Batch, PluginConfiguration
from tests.factories.access import a_custom_role
from tests.factories.processing import a_parameter, a_process
from tests.factories.rest import client_as
from tests.factories.rows import every
from tests.factories.worker_manager import a_tenant, a_worker_type
from tests.fakes.engine import committing
from worker_manager.models import InputContentType, WorkerType

pytestmark = pytest.mark.django_db

_NOBODY = UUID(int=7)

_DATASET = "URN:A"


def _body(process_id: object, **changes: Any) -> dict[str, Any]:
    fileset = {"dataset": _DATASET, "executionCount": 1, "totalBytes": 5}
    return {
        "correlationId": "order-12_dsSel-3_subOrder-1",
        "processBusinessId": str(process_id),
        "tenant": "demo",
        "user": "ada@example.org",
        "userRole": "EXPLOIT",
        "parameters": {},
        "filesetsByDataset": {_DATASET: fileset},
    } | changes


def _post(body: dict[str, Any], *, role: str = Role.EXPLOIT) -> Any:
    with committing(execute=True):
        return client_as(role, tenant="demo").post("/api/v1/rs-processing/batch", body, format="json")


def test_it_opens_a_batch() -> None:
    process = a_process(a_tenant(), datasets=[_DATASET])
    answer = _post(_body(process.process_id))
    stored = every(Batch).get()
    assert answer.status_code == 200
    assert answer.json() == {"batchId": str(stored.pk), "correlationId": "order-12_dsSel-3_subOrder-1"}
    assert (stored.user_email, stored.user_role) == ("ada@example.org", "EXPLOIT")


def test_it_records_who_opened_a_batch_for_whom() -> None:
    process = a_process(a_tenant(), to_all=True)
    _post(_body(process.process_id, user="bob@x.org"), role="SYS_rs-order")
    entry = AuditEntry.objects.get(action="batch.opened")
    assert (entry.actor, entry.origin, entry.tenant) == ("ada", "REST", "demo")
    assert (entry.target, entry.details) == (
        str(every(Batch).get().pk),
        {
            "process": str(process.process_id),
            "correlationId": "order-12_dsSel-3_subOrder-1",
            "user": "bob@x.org",
            "role": "EXPLOIT",
            "executions": 1,
        },
    )


def test_it_records_no_batch_that_was_refused() -> None:
    process = a_process(a_tenant(), to_all=True)
    _post(_body(process.process_id, parameters={"nonsense": "1"}))
    assert not AuditEntry.objects.filter(action="batch.opened").exists()


def test_it_has_the_engine_route_executions() -> None:
    process = a_process(a_tenant(), to_all=True)
    _post(_body(process.process_id))
    _post(_body(process.process_id))
    routed = every(InputContentType).get(content_type="process-execution")
    assert routed.worker_type.worker_type == "run-process"
    assert not every(WorkerType).get(worker_type="run-process").keep_errors
    entry = AuditEntry.objects.get(target="run-process")
    assert (entry.action, entry.actor, entry.origin) == ("worker_types.created", "rs-processing", "PLATFORM")
    assert entry.details["value"]["contentTypeInputs"] == ["process-execution"]


def test_it_adds_the_route_to_the_worker_type_that_the_tenant_configured(broker: InMemoryBroker) -> None:
    tenant = a_tenant()
    configured: dict[str, Any] = {
        "output": "results",
        "keep_errors": True,
        "policy": {"maxAttempts": 7},
        "max_in_flight": 3,
        "priority": 5,
    }
    stored = a_worker_type(tenant, worker_type="run-process", inputs=["mine"], **configured)
    process = a_process(tenant, to_all=True)
    assert _post(_body(process.process_id)).status_code == 200
    assert every(WorkerType).values().get(pk=stored.pk) == {
        name: value for name, value in vars(stored).items() if name != "_state"
    }
    inputs = every(InputContentType).filter(worker_type=stored).order_by("content_type")
    assert list(inputs.values_list("content_type", flat=True)) == ["mine", "process-execution"]
    entry = AuditEntry.objects.get(target="run-process")
    assert entry.action == "worker_types.updated"
    assert entry.details["earlier"]["contentTypeInputs"] == ["mine"]
    assert entry.details["value"] == entry.details["earlier"] | {
        "contentTypeInputs": ["mine", "process-execution"]
    }
    assert len(broker.published_to(topology.CONFIGURATION_EXCHANGE)) == 1


@pytest.mark.usefixtures("broker")
def test_it_only_looks_once_there_is_a_route() -> None:
    process = a_process(a_tenant(), to_all=True)
    _post(_body(process.process_id))
    with CaptureQueriesContext(connection) as queries:
        _post(_body(process.process_id))
    of_engine = [each["sql"] for each in queries if "workermanager_" in each["sql"]]
    assert len(of_engine) == 1
    assert every(InputContentType).count() == 1


@pytest.mark.parametrize(
    ("changes", "status", "told"),
    [
        ({"processBusinessId": str(_NOBODY)}, 404, "Unfound "),
        ({"tenant": "other"}, 403, "The body names tenant other, the token demo"),
        ({"userRole": "PUBLIC"}, 403, "Role PUBLIC may not order process"),
        (
            {"filesetsByDataset": {"URN:B": {"dataset": "URN:B", "executionCount": 1, "totalBytes": 1}}},
            422,
            "URN:B",
        ),
        (
            {"parameters": {"shellScript": "/bin/sh"}},
            422,
            "Parameter shellScript cannot be given by an order",
        ),
        ({"parameters": {"nonsense": "1"}}, 422, "Parameter nonsense cannot be given by an order"),
        ({"parameters": None}, 422, "parameters: This field may not be null."),
        ({"filesetsByDataset": None}, 422, "filesetsByDataset: This field may not be null."),
        ({"correlationId": ""}, 422, "correlationId: This field may not be blank."),
        ({"filesetsByDataset": {"a": {"dataset": "a"}}}, 422, "executionCount: This field is required."),
    ],
)
def test_it_refuses_what_cannot_be_ordered(changes: dict[str, Any], status: int, told: str) -> None:
    process = a_process(a_tenant(), datasets=[_DATASET])
    answer = _post(_body(process.process_id, **changes))
    assert answer.status_code == status
    assert told in " ".join(answer.json()["messages"])
    assert not every(Batch).exists()


def test_it_refuses_processes_that_are_not_offered() -> None:
    process = a_process(a_tenant(), to_all=True)
    every(PluginConfiguration).update(active=False)
    assert _post(_body(process.process_id)).status_code == 422


@pytest.mark.parametrize("role", ["PROJECT_ADMIN", "SYS_rs-order", "ADMIN", "SCIENTIST"])
def test_it_lets_roles_order_that_include_the_process(role: str) -> None:
    tenant = a_tenant()
    a_custom_role(tenant, name="SCIENTIST", inherits=Role.EXPLOIT)
    process = a_process(tenant, to_all=True)
    assert _post(_body(process.process_id, userRole=role), role=role).status_code == 200


@pytest.mark.parametrize(
    ("role", "changes", "told"),
    [
        ("REGISTERED_USER", {}, "The body names role EXPLOIT, the token REGISTERED_USER"),
        ("EXPLOIT", {"userRole": "PROJECT_ADMIN"}, "The body names role PROJECT_ADMIN, the token EXPLOIT"),
        ("ADMIN", {"user": "bob@x.org"}, "The body names user bob@x.org, the token ada@example.org"),
    ],
)
def test_it_opens_none_in_the_name_of_somebody_else(role: str, changes: dict[str, Any], told: str) -> None:
    process = a_process(a_tenant(), to_all=True)
    answer = _post(_body(process.process_id, **changes), role=role)
    assert (answer.status_code, answer.json()["messages"]) == (403, [told])
    assert not every(Batch).exists()


@pytest.mark.parametrize("role", ["PROJECT_ADMIN", "SYS_rs-order"])
@pytest.mark.parametrize("user", ["bob@x.org", "ada"])
def test_it_lets_services_and_administrators_order_for_others(role: str, user: str) -> None:
    process = a_process(a_tenant(), to_all=True)
    assert _post(_body(process.process_id, user=user), role=role).status_code == 200
    assert every(Batch).get().user_email == user


def test_it_checks_no_rights_where_that_is_switched_off(settings: Settings) -> None:
    settings.PROCESS_RIGHTS_CHECKED = False
    process = a_process(a_tenant())
    body = _body(process.process_id, user="bob@x.org", userRole="PUBLIC")
    assert _post(body, role=Role.REGISTERED_USER).status_code == 200
    assert _post(body | {"userRole": "PROJECT_ADMIN"}, role=Role.REGISTERED_USER).status_code == 200


def test_it_lets_services_order_for_the_tenant_that_they_name() -> None:
    a_tenant()
    other = a_tenant(name="other")
    process = a_process(other, to_all=True)
    body = _body(process.process_id, tenant="other")
    assert _post(body, role="SYS_rs-order").status_code == 200
    assert every(Batch).get().tenant == other
    assert _post(body | {"tenant": "nobody"}, role="SYS_rs-order").status_code == 400
    assert _post(body, role="PROJECT_ADMIN").status_code == 403


_FIELDS = ["correlationId", "processBusinessId", "tenant", "user", "userRole", "parameters"]


@pytest.mark.parametrize("missing", [*_FIELDS, "filesetsByDataset"])
def test_it_needs_every_field(missing: str) -> None:
    body = _body(a_process(a_tenant(), to_all=True).process_id)
    del body[missing]
    answer = _post(body)
    assert answer.status_code == 422
    assert answer.json()["messages"] == [f"{missing}: This field is required."]


def test_it_passes_over_unknown_fields_and_takes_empty_maps() -> None:
    process = a_process(a_tenant())
    answer = _post(_body(process.process_id, filesetsByDataset={}, unknown=[1]))
    assert answer.status_code == 200
    assert every(Batch).get().filesets == {}


def test_it_keeps_correlation_ids_as_they_are() -> None:
    process = a_process(a_tenant(), to_all=True)
    strange = " \u00a0order {12}\n"
    assert _post(_body(process.process_id, correlationId=strange)).json()["correlationId"] == strange
    assert every(Batch).get().correlation_id == strange


@pytest.mark.parametrize(("value", "status"), [("FEATURE", 200), ("SUBORDER", 422), ("ALL", 422)])
def test_it_takes_dynamic_parameters_within_their_choices(value: str, status: int) -> None:
    process = a_process(a_tenant(), to_all=True)
    stored = every(PluginConfiguration).get()
    scope = a_parameter("scope", "FEATURE", dynamic=True, dynamicsValues=["FEATURE"])
    every(PluginConfiguration).update(parameters=[*stored.parameters, scope])
    assert _post(_body(process.process_id, parameters={"scope": value})).status_code == status
