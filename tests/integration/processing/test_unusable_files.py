"""Orders whose input files no fleet could be given: each gets its result, and spoils nothing else."""

import json
from typing import Any

import pytest

from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.testing import InMemoryBroker, inbound
from regards_processing.kernel.auth.roles import Role
from regards_processing.processing.consumers.execution_requested import ExecutionRequestedConsumer
from regards_processing.processing.models import Batch, Execution, PluginConfiguration
from regards_processing.processing.services.retries import retry_execution
from tests.factories.audit import ADA
from tests.factories.executions import FILE, is_demanded, the_execution
from tests.factories.json_values import nested
from tests.factories.processing import a_parameter
from tests.factories.rest import client_as
from tests.factories.rows import every
from tests.factories.worker_manager import a_tenant, later
from tests.fakes.engine import committing
from worker_manager.models import Request

pytestmark = pytest.mark.django_db

_API = "/api/v1/rs-processing"
_UNUSABLE = [
    (None, "inputFiles is missing"),
    ([FILE, FILE | {"fileName": "a\0b"}], "inputFiles[1].fileName holds a NUL character"),
    ([FILE | {"metadata": {"a": ["\ud800"]}}], "inputFiles[0].metadata.a[0] holds a NUL character or half"),
    ([FILE | {"a\ud800": ""}], "inputFiles[0].a? holds a NUL character or half"),
    ([FILE | {"bytes": float("inf")}], "inputFiles[0].bytes is not a finite number"),
    ([FILE | {"metadata": nested(460)}], "inputFiles is nested too deeply: more than 100 levels"),
]
_TOLD = [told for _, told in _UNUSABLE]


def _order(broker: InMemoryBroker, batch: Batch, files: list[Any] | None) -> None:
    fields = {"executionCorrelationId": "e-1", "batchId": str(batch.pk), "inputFiles": files}
    message = inbound(headers={"regards.tenant": "demo"}, body=json.dumps(fields).encode())
    with committing(execute=True):
        broker.feed(ExecutionRequestedConsumer(), [message])


@pytest.mark.parametrize(("files", "told"), _UNUSABLE, ids=_TOLD)
def test_it_fails_an_order_at_once(
    files: list[Any] | None, told: str, batch: Batch, broker: InMemoryBroker
) -> None:
    _order(broker, batch, files)
    (message,) = broker.published
    result = json.loads(message.body)
    assert (message.exchange, result["finalStatus"]) == (topology.EXECUTION_RESULT_EXCHANGE, "FAILURE")
    assert told in result["messages"][0]
    assert is_demanded(result["processInfo"])
    assert not every(Request).exists()
    assert client_as(Role.ADMIN, tenant="demo").get(f"{_API}/monitoring/executions?tenant=demo").json()


@pytest.mark.parametrize(("files", "told"), _UNUSABLE, ids=_TOLD)
def test_it_fails_again_what_is_tried_again(
    files: list[Any] | None, told: str, batch: Batch, broker: InMemoryBroker
) -> None:
    _order(broker, batch, files)
    failed = the_execution().pk
    with committing(execute=True):
        retry_execution(tenant=batch.tenant, execution_id=failed, actor=ADA, at=later(9))
    retry = every(Execution).get(retry_of=failed)
    assert told in retry.steps[-1]["message"]
    assert retry.status == "FAILURE"


def test_it_shows_what_was_stored_before_files_had_a_limit(batch: Batch, broker: InMemoryBroker) -> None:
    _order(broker, batch, [FILE])
    every(Execution).update(input_files=[nested(800)])
    answer = client_as(Role.ADMIN, tenant="demo").get(f"{_API}/monitoring/executions?tenant=demo")
    assert answer.status_code == 200
    assert answer.json()["metadata"]["totalElements"] == 1


@pytest.mark.parametrize("path", ["processplugins/config", "plugins/configs"])
def test_it_shows_plugins_that_were_configured_before_bodies_had_a_limit(path: str, batch: Batch) -> None:
    every(PluginConfiguration).update(parameters=[a_parameter("envVariables", nested(800))])
    answer = client_as(Role.ADMIN, tenant="demo").get(f"{_API}/{path}")
    assert (answer.status_code, len(answer.json())) == (200, 1)
    assert batch.process_name == "Crop"


def test_it_refuses_a_body_without_end() -> None:
    a_tenant()
    body = '{"a":' * 450 + r'"\u00e9"' + "}" * 450
    client = client_as(Role.ADMIN, tenant="demo")
    answer = client.generic("POST", f"{_API}/processplugins/config", body, content_type="application/json")
    assert answer.status_code == 400
    assert "body is nested too deeply: more than 100 levels" in answer.content.decode()
