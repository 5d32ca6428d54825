"""What services of the platform keep to themselves: REST takes it from nobody, and leaves it alone."""

from typing import Any, Final

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from regards_processing.kernel.auth.roles import Role
from regards_processing.kernel.tenancy.models import Tenant
from regards_processing.processing.services.executions import order_executions
from tests.factories.executions import a_batch, an_execution_order
from tests.factories.messages import a_submission
from tests.factories.processing import a_process
from tests.factories.rest import client_as
from tests.factories.rows import every
from tests.factories.worker_manager import AT, a_tenant, a_worker_type, a_workflow
from tests.fakes.engine import Engine, committing
from tests.fakes.jobs_office import Office
from tests.fakes.operators import cancel, retry
from worker_manager.models import FinishedRequest, Request
from worker_manager.states import RequestStatus

pytestmark = pytest.mark.django_db

_BASE: Final = "/api/v1/rs-worker-manager/requests"
_INSTEAD: Final = "executions are ordered in a batch, and cancelled and tried again at /monitoring/executions"


@pytest.fixture
def tenant() -> Tenant:
    return a_tenant()


@pytest.fixture
def caller() -> APIClient:
    return client_as(Role.EXPLOIT, tenant="demo")


def _body(content_type: str = "unzip", *, source: str = "acme", request_id: str = "r-1") -> dict[str, Any]:
    return {
        "requestId": request_id,
        "source": source,
        "session": "s",
        "contentType": content_type,
        "content": {"plugin": "/bin/sh"},
    }


def _submit(client: APIClient, body: object, *, status: int = 403) -> Any:
    with committing(execute=True):
        answer = client.post(f"{_BASE}/submit", body, format="json")
    assert answer.status_code == status, answer.content
    return answer.json()


@pytest.mark.usefixtures("tenant")
@pytest.mark.parametrize("role", [Role.EXPLOIT, Role.ADMIN, Role.PROJECT_ADMIN])
def test_it_refuses_an_order_that_a_caller_wrote(
    role: Role, engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    told = _submit(client_as(role, tenant="demo"), _body("process-execution"))
    assert told == {"messages": [f"Content type process-execution is reserved for rs-processing: {_INSTEAD}"]}
    assert not every(Request).exists()
    assert engine.broker.published == []
    assert "SECURITY: call refused: Content type process-execution is reserved" in caplog.text


@pytest.mark.usefixtures("tenant", "engine")
def test_it_refuses_the_whole_call_for_one_of_them(caller: APIClient) -> None:
    _submit(caller, [_body(), _body("process-execution", request_id="r-2")])
    assert not every(Request).exists()


@pytest.mark.usefixtures("engine")
def test_it_refuses_what_the_tenant_routes_to_a_reserved_worker_type(
    tenant: Tenant, caller: APIClient
) -> None:
    a_worker_type(tenant, worker_type="run-process", inputs=["programs"])
    told = _submit(caller, _body("programs"))
    (text,) = told["messages"]
    assert text.startswith("Content type programs goes to worker type run-process, which is reserved for")
    assert text.endswith(_INSTEAD)
    assert not every(Request).exists()


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("last", ["run-process", ("unzip-worker", "run-process")])
def test_it_refuses_a_workflow_with_a_reserved_step(
    last: str | tuple[str, ...], tenant: Tenant, caller: APIClient
) -> None:
    a_workflow(tenant, workflow_type="chain", steps={1: "unzip-worker", 2: last})
    assert "goes to worker type run-process" in _submit(caller, _body("chain"))["messages"][0]
    assert not every(Request).exists()


@pytest.mark.usefixtures("tenant", "engine")
@pytest.mark.parametrize("field", ["source", "owner"])
def test_it_refuses_a_source_that_is_a_service(field: str, caller: APIClient) -> None:
    body = {name: value for name, value in _body().items() if name != "source"} | {field: "rs-processing"}
    told = _submit(caller, body)
    assert told["messages"] == [f"Source rs-processing is reserved for rs-processing: {_INSTEAD}"]
    assert not every(Request).exists()


@pytest.mark.usefixtures("engine")
def test_it_costs_no_statement_to_look(tenant: Tenant, caller: APIClient) -> None:
    a_worker_type(tenant)
    _submit(caller, _body(request_id="r-0"), status=200)
    with CaptureQueriesContext(connection) as queries:
        _submit(caller, _body(), status=200)
    assert sum("workermanager_input_content_type" in each["sql"] for each in queries) == 1


def _an_execution(tenant: Tenant) -> str:
    batch = a_batch(tenant, a_process(tenant, to_all=True))
    with committing(execute=True):
        order_executions(orders=[an_execution_order(batch)], at=AT)
    return every(Request).get().request_id


@pytest.mark.parametrize("role", [Role.EXPLOIT, Role.ADMIN])
def test_it_leaves_the_cancellation_of_an_execution_to_its_service(
    role: Role, tenant: Tenant, engine: Engine
) -> None:
    request_id = _an_execution(tenant)
    engine.forget()
    with committing(execute=True):
        answer = client_as(role, tenant="demo").post(f"{_BASE}/{request_id}/cancel")
    assert answer.status_code == 403
    assert answer.json() == {"messages": [f"Request {request_id} is reserved for rs-processing: {_INSTEAD}"]}
    assert every(Request).exists()
    assert engine.broker.published == []


def test_it_leaves_executions_out_of_a_retry(
    tenant: Tenant, caller: APIClient, engine: Engine, office: Office
) -> None:
    execution = _an_execution(tenant)
    engine.submit(a_submission("r-1", content_type="nothing"))
    counted = caller.post(f"{_BASE}/retry/preview", {}, format="json")
    assert counted.json() == {"count": 1}
    assert retry(office, tenant).done == 1
    assert every(Request).get(request_id=execution).status == RequestStatus.NO_WORKER_AVAILABLE


def test_it_lets_administrators_cancel_executions_by_filter(
    tenant: Tenant, engine: Engine, office: Office
) -> None:
    request_id = _an_execution(tenant)
    engine.forget()
    assert cancel(office, tenant).done == 1
    assert every(FinishedRequest).get().request_id == request_id
