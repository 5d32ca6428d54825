"""A broker that repeats itself is not an order service that orders anew."""

import json
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.testing import InMemoryBroker, inbound
from regards_processing.processing.consumers.execution_requested import ExecutionRequestedConsumer
from regards_processing.processing.events.execution_requested import WITHOUT_FILES, ExecutionRequested
from regards_processing.processing.models import Batch, Execution
from regards_processing.processing.services.executions import order_executions
from regards_processing.processing.services.outcomes import apply_responses
from regards_processing.processing.services.retries import retry_execution
from tests.factories.audit import ADA
from tests.factories.executions import a_response, an_execution_order, an_outcome, the_execution
from tests.factories.rows import every
from tests.factories.worker_manager import AT, later
from tests.fakes.engine import committing

pytestmark = pytest.mark.django_db


def _order(*orders: ExecutionRequested, at: datetime = AT) -> None:
    with committing(execute=True):
        order_executions(orders=orders, at=at)


def _failing(batch: Batch, name: str = "e-1") -> ExecutionRequested:
    return replace(an_execution_order(batch, name, files=()), files_fault=WITHOUT_FILES)


def _again(order: ExecutionRequested) -> ExecutionRequested:
    return replace(order, redelivered=True)


def _results(broker: InMemoryBroker) -> list[str]:
    results = broker.published_to(topology.EXECUTION_RESULT_EXCHANGE)
    return [json.loads(each.body)["finalStatus"] for each in results]


def test_it_has_one_result_of_an_order_that_failed_at_once(batch: Batch, broker: InMemoryBroker) -> None:
    _order(_failing(batch))
    _order(_again(_failing(batch)), at=later(86_400))
    assert _results(broker) == ["FAILURE"]
    assert every(Execution).count() == 1


def test_it_has_one_result_of_an_order_that_was_carried_out(batch: Batch, broker: InMemoryBroker) -> None:
    order = an_execution_order(batch)
    _order(order)
    with committing(execute=True):
        apply_responses(responses=[a_response(the_execution().pk, content=an_outcome())], at=later(5))
    _order(_again(order), at=later(6))
    assert (_results(broker), every(Execution).count()) == (["SUCCESS"], 1)


def test_it_takes_the_others_of_the_bulk(batch: Batch, broker: InMemoryBroker) -> None:
    _order(_failing(batch))
    _order(*map(_again, (_failing(batch), _failing(batch, "e-2"), _failing(batch, "e-2"))))
    assert _results(broker) == ["FAILURE"] * 2
    assert sorted(every(Execution).values_list("correlation_id", flat=True)) == ["e-1", "e-2"]


def test_it_takes_an_order_whose_like_ended_long_before(
    batch: Batch, broker: InMemoryBroker, settings: Settings
) -> None:
    settings.REDELIVERED_WITHIN = 60
    _order(_failing(batch))
    _order(_again(_failing(batch)), at=later(61))
    assert _results(broker) == ["FAILURE"] * 2


def test_it_takes_the_order_of_another_batch(batch: Batch, broker: InMemoryBroker) -> None:
    _order(_failing(batch))
    other = every(Batch).get()
    other.pk = uuid4()
    other.save(force_insert=True)
    _order(_again(_failing(other)))
    assert _results(broker) == ["FAILURE"] * 2


def test_it_is_not_misled_by_what_an_operator_tried_again(
    batch: Batch, broker: InMemoryBroker, settings: Settings
) -> None:
    settings.REDELIVERED_WITHIN = 60
    _order(_failing(batch))
    with committing(execute=True):
        retry_execution(tenant=batch.tenant, execution_id=the_execution().pk, actor=ADA, at=later(50))
    _order(_again(_failing(batch)), at=later(70))
    assert _results(broker) == ["FAILURE"] * 3


@pytest.mark.parametrize(
    "again", [{"redelivered": True}, {"headers": {"regards.tenant": "demo", "x-replayed": True}}], ids=str
)
def test_it_knows_by_the_message_that_it_comes_again(
    again: dict[str, Any], batch: Batch, broker: InMemoryBroker
) -> None:
    body = json.dumps({"executionCorrelationId": "e-1", "batchId": str(batch.pk)}).encode()
    first: dict[str, Any] = {"headers": {"regards.tenant": "demo"}, "body": body}
    with committing(execute=True):
        broker.feed(ExecutionRequestedConsumer(), [inbound(**first)])
        broker.feed(ExecutionRequestedConsumer(), [inbound(**first | again)])
    assert _results(broker) == ["FAILURE"]


@pytest.mark.parametrize("count", [1, 30])
def test_it_asks_once_for_all_that_come_again(batch: Batch, count: int) -> None:
    orders = [_failing(batch, f"e-{number}") for number in range(count)]
    _order(*orders)
    with CaptureQueriesContext(connection) as captured:
        _order(*map(_again, orders))
    asked = [query["sql"] for query in captured if "retry_of" in query["sql"]]
    assert len(asked) == 1
    assert every(Execution).count() == count
