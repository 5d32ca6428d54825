"""Batches that are cancelled, by REST and by message."""

import json
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.testing import InMemoryBroker
from regards_processing.kernel.audit.models import AuditEntry
from regards_processing.processing.events.cancellation_requested import CancellationRequested
from regards_processing.processing.models import Batch, Execution, PluginConfiguration
from regards_processing.processing.services.cancellation_events import cancel_requested
from regards_processing.processing.services.executions import order_executions
from regards_processing.processing.services.outcomes import apply_responses
from regards_processing.processing.services.retries import retry_execution
from regards_processing.processing.services.watch import look_after
from tests.factories.audit import ADA
from tests.factories.executions import (
    a_batch,
    a_response,
    an_execution_order,
    an_outcome,
    is_demanded,
    the_execution,
)
from tests.factories.processing import a_process
from tests.factories.rest import client_as
from tests.factories.rows import every
from tests.factories.worker_manager import AT, a_tenant, later, live_workers
from tests.fakes.engine import committing
from worker_manager.models import Request
from worker_manager.services.dropped import Dropped

pytestmark = pytest.mark.django_db


@pytest.fixture
def batch() -> Batch:
    tenant = a_tenant()
    live_workers("run-process", protocol="celery")
    return a_batch(tenant, a_process(tenant, to_all=True))


def _order(batch: Batch, *names: str, at: float = 0) -> None:
    with committing(execute=True):
        order_executions(orders=[an_execution_order(batch, name) for name in names], at=later(at))


def _post(batch_id: object) -> Any:
    with committing(execute=True):
        client = client_as("ADMIN", tenant="demo")
        return client.post(f"/api/v1/rs-processing/monitoring/batches/{batch_id}/cancel")


def _hear(tenant: str = "demo", **named: Any) -> list[Dropped]:
    with committing(execute=True):
        return cancel_requested(requested=[CancellationRequested(tenant=tenant, **named)], at=later(30))


def _results(broker: InMemoryBroker) -> dict[str, str]:
    bodies = [json.loads(each.body) for each in broker.published_to(topology.EXECUTION_RESULT_EXCHANGE)]
    return {body["executionCorrelationId"]: body["finalStatus"] for body in bodies}


def _messages(broker: InMemoryBroker) -> set[str]:
    bodies = [json.loads(each.body) for each in broker.published_to(topology.EXECUTION_RESULT_EXCHANGE)]
    return {body["messages"][0] for body in bodies}


def test_it_ends_every_open_execution_page_by_page(
    batch: Batch, broker: InMemoryBroker, settings: Settings
) -> None:
    settings.SWEEP_PAGE = 2
    _order(batch, *"abcde")
    with committing(execute=True):
        success = a_response(the_execution("a").pk, content=an_outcome())
        apply_responses(responses=[success], at=later(5))
    answer = _post(batch.pk)
    assert (answer.status_code, answer.json()) == (200, {"cancelled": 4})
    assert _results(broker) == {"a": "SUCCESS"} | dict.fromkeys("bcde", "CANCELLED")
    assert _messages(broker) == {"", "Cancelled by ada, with its batch"}
    assert not every(Request).exclude(request_id=str(the_execution("a").pk)).exists()
    assert AuditEntry.objects.get(action="batch.cancelled").target == str(batch.pk)


def test_it_tells_fleets_what_they_need_not_finish(batch: Batch, broker: InMemoryBroker) -> None:
    _order(batch, "a", "b")
    _post(batch.pk)
    told = [json.loads(each.body) for each in broker.published_to("regards.worker.manager.cancel")]
    assert sum(len(body["dispatchIds"]) for body in told) == 2


def test_it_cancels_at_once_what_is_ordered_later(batch: Batch, broker: InMemoryBroker) -> None:
    _post(batch.pk)
    _order(batch, "late", at=40)
    assert _results(broker) == {"late": "CANCELLED"}
    assert not every(Request).exists()


def test_it_tells_orders_what_an_inactive_process_was(batch: Batch, broker: InMemoryBroker) -> None:
    every(PluginConfiguration).update(active=False)
    _post(batch.pk)
    _order(batch, "late", at=40)
    (result,) = broker.published_to(topology.EXECUTION_RESULT_EXCHANGE)
    assert is_demanded(json.loads(result.body)["processInfo"])


def test_it_does_nothing_the_second_time(batch: Batch, broker: InMemoryBroker) -> None:
    _order(batch, "a")
    assert [_post(batch.pk).json()["cancelled"] for _ in range(2)] == [1, 0]
    assert len(broker.published_to(topology.EXECUTION_RESULT_EXCHANGE)) == 1
    assert AuditEntry.objects.filter(action="batch.cancelled").count() == 1


def test_it_rescues_what_was_ordered_meanwhile_but_no_retry(batch: Batch, broker: InMemoryBroker) -> None:
    _order(batch, "a", "b")
    with committing(execute=True):
        failed = a_response(the_execution("b").pk, content=an_outcome("FAILURE"))
        apply_responses(responses=[failed], at=later(5))
    every(Batch).update(cancelled_at=AT)
    with committing(execute=True):
        retry_execution(tenant=batch.tenant, execution_id=the_execution("b").pk, actor=ADA, at=later(50))
    with committing(execute=True):
        look_after(at=later(60))
    assert _results(broker) == {"a": "CANCELLED", "b": "FAILURE"}
    assert every(Execution).get(status="REGISTERED").correlation_id == "b"


def test_it_looks_after_cancelled_batches_page_by_page(
    batch: Batch, broker: InMemoryBroker, settings: Settings
) -> None:
    _order(batch, "a", "b", "c")
    others = [Batch(tenant=batch.tenant, process_id=batch.process_id, created=AT) for _ in range(4)]
    every(Batch).bulk_create(others)
    every(Batch).update(cancelled_at=AT)
    settings.SWEEP_PAGE = 2
    with committing(execute=True), CaptureQueriesContext(connection) as captured:
        look_after(at=later(60))
    assert _results(broker) == dict.fromkeys("abc", "CANCELLED")
    ids = [each.pk.hex for each in (batch, *others)]
    statements = [query["sql"].replace("-", "") for query in captured if "SELECT" in query["sql"]]
    assert max(sum(pk in statement for pk in ids) for statement in statements) == 2


@pytest.mark.parametrize(("batch_id", "status"), [(UUID(int=7), 404), ("x", 400)])
def test_it_cancels_no_batch_that_is_not_there(batch_id: object, status: int, batch: Batch) -> None:
    assert _post(batch_id).status_code == status
    assert every(Batch).get(pk=batch.pk).cancelled_at is None


def test_it_cancels_a_batch_by_message(batch: Batch, broker: InMemoryBroker) -> None:
    _order(batch, "a")
    assert _hear(batch_ids=(batch.pk,), by="bob") == []
    _order(batch, "b", at=40)
    assert _results(broker) == {"a": "CANCELLED", "b": "CANCELLED"}
    entry = AuditEntry.objects.get(action="batch.cancelled")
    assert (entry.actor, entry.origin) == ("bob", "MESSAGE")


def test_it_cancels_executions_by_message(batch: Batch, broker: InMemoryBroker) -> None:
    _order(batch, "a", "b", "c")
    _hear(batch_ids=(batch.pk,), correlation_ids=("a", "nobody"))
    _hear(execution_ids=(the_execution("b").pk, uuid4()))
    _hear(execution_ids=(the_execution("b").pk,))
    assert _results(broker) == {"a": "CANCELLED", "b": "CANCELLED"}
    assert _messages(broker) == {"Cancelled by a message"}


def test_it_keeps_messages_about_unknown_batches(batch: Batch, broker: InMemoryBroker) -> None:
    nobody = uuid4()
    _order(batch, "a")
    (dropped,) = _hear(batch_ids=(nobody, batch.pk))
    assert dropped.reason == f"There is no batch {nobody}"
    assert _results(broker) == {"a": "CANCELLED"}


@pytest.mark.parametrize("tenant", ["other", "nobody"])
def test_it_cancels_nothing_of_another_tenant(tenant: str, batch: Batch, broker: InMemoryBroker) -> None:
    a_tenant(name="other")
    _order(batch, "a")
    assert len(_hear(tenant, batch_ids=(batch.pk,), execution_ids=(the_execution("a").pk,))) == 1
    _hear(tenant, batch_ids=(batch.pk,), correlation_ids=("a",))
    assert _results(broker) == {}
