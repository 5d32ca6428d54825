"""Executions whose requests have left the engine, and whose answers do not come."""

import json
from typing import Any

import pytest

from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.testing import InMemoryBroker
from regards_processing.processing.models import Batch, Execution
from regards_processing.processing.services.executions import order_executions
from regards_processing.processing.services.lost_executions import end_lost
from regards_processing.processing.services.waiting import explain_execution
from tests.factories.executions import an_execution_order, the_execution
from tests.factories.history import finished_requests
from tests.factories.rows import every
from tests.factories.worker_manager import AT, a_tenant, later, live_workers
from tests.fakes.engine import committing
from worker_manager.models import FinishedRequest, Request
from worker_manager.request_filter import RequestFilter
from worker_manager.services import deletion
from worker_manager.services.orders import RequestOrder

pytestmark = pytest.mark.django_db


def _order(batch: Batch, *names: str) -> None:
    with committing(execute=True):
        order_executions(orders=[an_execution_order(batch, name) for name in names], at=AT)


def _sweep(at: float) -> int:
    with committing(execute=True):
        return end_lost(at=later(at))


def _fleets_are_heard(at: float) -> None:
    live_workers("run-process", since=AT, at=later(at))


def _request(name: str) -> Request:
    return every(Request).get(request_id=str(the_execution(name).pk))


def _finish(batch: Batch, name: str, status: str, at: float) -> None:
    """Take a request out of the engine; its answer is lost."""
    request = _request(name)
    columns = {"source": topology.PROCESSING_OWNER, "status": status, "error": None}
    finished_requests(batch.tenant, request.request_id, finished_at=later(at), **columns)
    request.delete()


def _results(broker: InMemoryBroker) -> dict[str, tuple[str, str]]:
    bodies = [json.loads(each.body) for each in broker.published_to(topology.EXECUTION_RESULT_EXCHANGE)]
    return {body["executionCorrelationId"]: (body["finalStatus"], body["messages"][0]) for body in bodies}


def test_it_fails_executions_whose_requests_an_operator_deleted(batch: Batch, broker: InMemoryBroker) -> None:
    _order(batch, "a")
    order = RequestOrder(wanted=RequestFilter(), last_id=_request("a").pk)
    with committing(execute=True):
        deletion.delete_page(tenant=batch.tenant, order=order, after=0, at=later(1000))
    assert _sweep(1299) == 0
    told = explain_execution(tenant=batch.tenant, execution_id=the_execution("a").pk, at=later(1299))
    assert "a sweep ends it 300 s later" in told.reasons[0]["text"]
    assert (_sweep(1301), _sweep(1302)) == (1, 0)
    assert _results(broker) == {"a": ("FAILURE", "Its request was deleted")}


def test_it_leaves_those_alone_whose_requests_are_on_their_way(batch: Batch) -> None:
    _order(batch, "a", "b")
    _fleets_are_heard(1000)
    every(Execution).filter(correlation_id="b").update(held=True)
    _request("b").delete()
    assert _sweep(1000) == 0


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("SUCCESS", "Its request ended in SUCCESS, and no answer came"),
        ("CANCELED", "Its request ended in CANCELED, and no answer came"),
    ],
)
def test_it_fails_executions_whose_answers_are_lost(
    status: str, reason: str, batch: Batch, broker: InMemoryBroker
) -> None:
    _order(batch, "a")
    _finish(batch, "a", status, 1000)
    _fleets_are_heard(1300)
    assert (_sweep(1300), _sweep(1301)) == (0, 1)
    assert _results(broker) == {"a": ("FAILURE", reason)}


def test_it_fails_executions_whose_requests_failed_and_are_kept(batch: Batch, broker: InMemoryBroker) -> None:
    _order(batch, "a")
    every(Request).update(status="ERROR", error="no disk", moved_at=later(1000))
    assert (_sweep(1300), _sweep(1301)) == (0, 1)
    assert _results(broker)["a"][1] == "Its request ended in ERROR, and no answer came: no disk"


def test_it_loses_no_success_while_the_managers_are_deaf(batch: Batch) -> None:
    _order(batch, "a", "b")
    _finish(batch, "a", "SUCCESS", 10)
    _request("b").delete()
    assert _sweep(5000) == 0
    _fleets_are_heard(5100)
    assert _sweep(5101) == 2


def test_it_believes_no_request_of_others(batch: Batch) -> None:
    _order(batch, "a")
    _finish(batch, "a", "SUCCESS", 10)
    every(FinishedRequest).update(source="acme")
    other = a_tenant(name="other")
    finished_requests(other, str(the_execution("a").pk), source=topology.PROCESSING_OWNER, status="TO_DELETE")
    assert _sweep(5000) == 0


def test_it_goes_through_all_in_pages_of_few_statements(
    batch: Batch, settings: Any, django_assert_max_num_queries: Any
) -> None:
    settings.SWEEP_PAGE = 8
    _order(batch, *map(str, range(20)))
    for name in ("1", "19"):
        _finish(batch, name, "TO_DELETE", 10)
    with django_assert_max_num_queries(50):
        assert _sweep(1000) == 2
    assert every(Execution).filter(status="REGISTERED").count() == 18
