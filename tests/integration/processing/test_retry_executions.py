"""Executions that ended without success, tried again."""

import json
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.testing import InMemoryBroker
from regards_processing.kernel.audit.models import AuditEntry
from regards_processing.processing.models import Batch, Execution, PluginConfiguration
from regards_processing.processing.services.executions import order_executions
from regards_processing.processing.services.outcomes import apply_responses
from regards_processing.processing.services.retries import RetryReport, retry_executions
from tests.factories.audit import ADA
from tests.factories.executions import (
    FILE,
    a_response,
    an_execution_order,
    an_outcome,
    is_demanded,
)
from tests.factories.rest import client_as
from tests.factories.rows import every
from tests.factories.worker_manager import a_tenant, later
from tests.fakes.engine import committing
from worker_manager.models import Request

pytestmark = pytest.mark.django_db


def _newest() -> Execution:
    return every(Execution).latest("created")


def _ended(batch: Batch, status: str, name: str = "e-1", *, at: float = 0) -> UUID:
    """Order an execution and let it end; return its id."""
    with committing(execute=True):
        order_executions(orders=[an_execution_order(batch, name)], at=later(at))
        execution = _newest()
        response = a_response(execution.pk, content=an_outcome(status, message="exit 3"))
        apply_responses(responses=[response], at=later(at + 1))
    return execution.pk


def _retry(*execution_ids: UUID, tenant: Any, at: float = 10) -> RetryReport:
    with committing(execute=True):
        return retry_executions(tenant=tenant, execution_ids=execution_ids, actor=ADA, at=later(at))


def _post(execution_id: object) -> Any:
    address = f"/api/v1/rs-processing/monitoring/executions/{execution_id}/retry"
    with committing(execute=True):
        return client_as("ADMIN", tenant="demo").post(address)


def _links(execution_id: UUID) -> list[str]:
    address = f"/api/v1/rs-processing/monitoring/executions/{execution_id}"
    found: Any = client_as("ADMIN", tenant="demo").get(address).json()["links"]
    return [link["rel"] for link in found]


@pytest.mark.parametrize(
    ("status", "links"), [("SUCCESS", ["self"]), ("FAILURE", ["self", "retry"])], ids=["success", "failure"]
)
def test_it_links_a_retry_where_there_can_be_one(batch: Batch, status: str, links: list[str]) -> None:
    assert _links(_ended(batch, status)) == links


def test_it_links_no_second_retry_but_what_can_be_done_with_the_first(batch: Batch) -> None:
    old = _ended(batch, "FAILURE")
    report = _retry(old, tenant=batch.tenant)
    assert _links(old) == ["self"]
    assert _links(report.retried[old]) == ["self", "reasons", "cancel"]


def _results(broker: InMemoryBroker) -> list[tuple[str, str]]:
    bodies = [json.loads(each.body) for each in broker.published_to(topology.EXECUTION_RESULT_EXCHANGE)]
    return [(body["executionCorrelationId"], body["finalStatus"]) for body in bodies]


@pytest.mark.parametrize("status", ["FAILURE", "TIMED_OUT", "CANCELLED"])
def test_it_orders_once_more_what_ended_without_success(status: str, batch: Batch) -> None:
    first = _ended(batch, status)
    answer = _post(first)
    new = _newest()
    assert (answer.status_code, answer.json()) == (201, {"executionId": str(new.pk)})
    assert (new.retry_of, new.batch_id, new.correlation_id) == (first, batch.pk, "e-1")
    assert (new.status, new.input_files) == ("REGISTERED", [FILE])
    assert every(Execution).get(pk=first).status == status
    assert every(Request).filter(request_id=str(new.pk)).exists()
    entry = AuditEntry.objects.get(action="execution.retried")
    assert (entry.target, entry.details["as"]) == (str(first), str(new.pk))


def test_it_has_a_result_of_its_own(batch: Batch, broker: InMemoryBroker) -> None:
    _retry(_ended(batch, "FAILURE"), tenant=batch.tenant)
    with committing(execute=True):
        success = a_response(_newest().pk, content=an_outcome())
        apply_responses(responses=[success], at=later(20))
    assert _results(broker) == [("e-1", "FAILURE"), ("e-1", "SUCCESS")]


def test_it_refuses_what_succeeded_or_has_not_ended(batch: Batch) -> None:
    succeeded = _ended(batch, "SUCCESS")
    assert _post(succeeded).status_code == 409
    with committing(execute=True):
        order_executions(orders=[an_execution_order(batch, "open")], at=later(5))
    answer = _post(_newest().pk)
    assert "is REGISTERED: only those in CANCELLED, FAILURE, TIMED_OUT" in answer.json()["messages"][0]


def test_it_tries_again_only_the_newest(batch: Batch) -> None:
    first = _ended(batch, "FAILURE")
    second = _retry(first, tenant=batch.tenant).retried[first]
    assert "was ordered again as" in _post(first).json()["messages"][0]
    with committing(execute=True):
        failure = a_response(second, content=an_outcome("FAILURE"))
        apply_responses(responses=[failure], at=later(20))
    report = _retry(first, second, tenant=batch.tenant, at=30)
    assert (set(report.retried), set(report.refused)) == ({second}, {first})


@pytest.mark.parametrize(("execution_id", "status"), [(uuid4(), 404), ("x", 400)])
def test_it_tries_nothing_that_is_not_there(execution_id: object, status: int, batch: Batch) -> None:
    _ended(batch, "FAILURE")
    assert _post(execution_id).status_code == status


def test_it_tries_nothing_of_another_tenant(batch: Batch) -> None:
    failed = _ended(batch, "FAILURE")
    other = a_tenant(name="other")
    assert set(_retry(failed, tenant=other).refused) == {failed}
    assert every(Execution).count() == 1


def test_it_takes_the_process_as_it_is_now(batch: Batch, broker: InMemoryBroker) -> None:
    failed = _ended(batch, "FAILURE")
    every(PluginConfiguration).update(active=False)
    _retry(failed, tenant=batch.tenant)
    assert _results(broker) == [("e-1", "FAILURE")] * 2
    assert "cannot be ordered now" in _newest().steps[-1]["message"]
    assert (_newest().process_name, _newest().process_info) == ("Crop", batch.process_info)
    assert is_demanded(_newest().process_info)


def test_it_tries_again_what_needs_no_files(batch: Batch) -> None:
    with committing(execute=True):
        order_executions(orders=[replace(an_execution_order(batch), input_files=())], at=later(0))
        failure = a_response(_newest().pk, content=an_outcome("FAILURE"))
        apply_responses(responses=[failure], at=later(5))
    _retry(_newest().pk, tenant=batch.tenant)
    assert (_newest().status, every(Execution).count()) == ("REGISTERED", 2)


def test_it_tries_many_in_as_few_statements_as_one(batch: Batch, django_assert_max_num_queries: Any) -> None:
    failed = [_ended(batch, "FAILURE", f"e-{number}", at=number) for number in range(5)]
    with django_assert_max_num_queries(40):
        assert len(_retry(*failed, tenant=batch.tenant, at=50).retried) == 5
