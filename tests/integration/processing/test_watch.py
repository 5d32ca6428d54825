"""Executions that are watched: whose time is over, and who only seems so."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.testing import InMemoryBroker
from regards_processing.processing.models import Batch, Execution
from regards_processing.processing.services.cancellation import cancel_batch
from regards_processing.processing.services.executions import order_executions
from regards_processing.processing.services.outcomes import apply_responses
from regards_processing.processing.services.watch import look_after
from tests.factories.audit import ADA
from tests.factories.executions import a_batch, a_response, an_execution_order, an_outcome, the_execution
from tests.factories.history import finished_requests
from tests.factories.processing import a_process
from tests.factories.rows import every
from tests.factories.worker_manager import AT, a_tenant, later, live_workers
from tests.fakes.engine import committing
from worker_manager.models import Request, WorkerInstance
from worker_manager.states import RequestStatus

pytestmark = pytest.mark.django_db

#: The time of an execution, and what its fleet gets beyond it, are over.
_OVER = 500


@pytest.fixture
def batch(settings: Settings) -> Batch:
    settings.EXECUTION_START_TIMEOUT = 10_000
    live_workers("run-process")
    tenant = a_tenant()
    return a_batch(tenant, a_process(tenant, to_all=True))


def _sweep(at: float) -> None:
    with committing(execute=True):
        look_after(at=later(at))


def _begin(batch: Batch, *names: str) -> None:
    """Order executions and have their fleet begin with them."""
    with committing(execute=True):
        order_executions(orders=[an_execution_order(batch, name) for name in names], at=AT)
    _move(RequestStatus.RUNNING, attempt=1, at=1)
    _sweep(1)


def _move(status: RequestStatus, *, attempt: int, at: float) -> None:
    every(Request).update(status=status, attempt=attempt, moved_at=later(at))


def _hear_fleets(*, since: float, at: float) -> None:
    every(WorkerInstance).update(heard_since=later(since), beaten_at=later(at))


def _results(broker: InMemoryBroker) -> dict[str, tuple[str, str]]:
    bodies = [json.loads(each.body) for each in broker.published_to(topology.EXECUTION_RESULT_EXCHANGE)]
    return {body["executionCorrelationId"]: (body["finalStatus"], body["messages"][0]) for body in bodies}


def test_it_times_out_what_a_fleet_does_not_end(batch: Batch, broker: InMemoryBroker) -> None:
    _begin(batch, "a")
    _hear_fleets(since=0, at=_OVER)
    _sweep(_OVER)
    assert _results(broker) == {"a": ("TIMED_OUT", "It was not over 60 s after its fleet began")}


def test_it_blames_no_fleet_before_the_managers_hear_again(batch: Batch, broker: InMemoryBroker) -> None:
    _begin(batch, "a", "b")
    _hear_fleets(since=_OVER - 1, at=_OVER)
    _sweep(_OVER)
    assert _results(broker) == {}
    # The answer was in the queue.
    with committing(execute=True):
        apply_responses(
            responses=[a_response(the_execution("a").pk, content=an_outcome())], at=later(_OVER + 1)
        )
    _hear_fleets(since=_OVER - 1, at=2 * _OVER)
    _sweep(2 * _OVER)
    assert {name: status for name, (status, _) in _results(broker).items()} == {
        "a": "SUCCESS",
        "b": "TIMED_OUT",
    }


@pytest.mark.parametrize(
    "status", [RequestStatus.TO_DISPATCH, RequestStatus.NO_WORKER_AVAILABLE, RequestStatus.DISPATCHED]
)
def test_it_waits_for_another_fleet_when_one_hands_its_work_back(
    status: RequestStatus, batch: Batch, broker: InMemoryBroker
) -> None:
    _begin(batch, "a")
    _move(status, attempt=2, at=20)
    _hear_fleets(since=0, at=_OVER)
    _sweep(_OVER)
    assert the_execution("a").deadline_at == later(10_020)
    _move(RequestStatus.RUNNING, attempt=2, at=_OVER + 10)
    _sweep(_OVER + 10)
    assert the_execution("a").deadline_at == later(_OVER + 10 + 60 + 300)
    assert _results(broker) == {}


def test_it_times_out_what_no_other_fleet_goes_on_with(batch: Batch, broker: InMemoryBroker) -> None:
    _begin(batch, "a")
    _move(RequestStatus.TO_DISPATCH, attempt=1, at=20)
    _sweep(_OVER)
    _sweep(10_021)
    assert _results(broker) == {"a": ("TIMED_OUT", "No fleet went on with it within 10000 s")}


def test_it_leaves_an_answer_time_to_come(batch: Batch, broker: InMemoryBroker) -> None:
    _begin(batch, "a")
    request = every(Request).get()
    finished_requests(
        batch.tenant, request.request_id, source=topology.PROCESSING_OWNER, finished_at=later(_OVER - 1)
    )
    request.delete()
    _hear_fleets(since=0, at=_OVER)
    _sweep(_OVER)
    assert _results(broker) == {}
    assert the_execution("a").deadline_at == later(_OVER + 300)
    with committing(execute=True):
        apply_responses(
            responses=[a_response(the_execution("a").pk, content=an_outcome())], at=later(_OVER + 1)
        )
    assert _results(broker) == {"a": ("SUCCESS", "")}


def test_it_ends_many_in_the_same_few_statements(batch: Batch, django_assert_max_num_queries: Any) -> None:
    _begin(batch, *map(str, range(30)))
    _hear_fleets(since=0, at=_OVER)
    with django_assert_max_num_queries(40):
        _sweep(_OVER)
    assert set(every(Execution).values_list("status", flat=True)) == {"TIMED_OUT"}


def test_it_takes_any_forecast(batch: Batch) -> None:
    _begin(batch, "a")
    every(Execution).update(status="REGISTERED", expected_duration=2**62)
    _sweep(2)
    assert the_execution("a").deadline_at == later(2 + 365 * 86_400 + 300)


def test_it_goes_on_with_the_other_parts_when_one_fails(
    batch: Batch, broker: InMemoryBroker, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    _begin(batch, "a")
    _move(RequestStatus.RUNNING, attempt=2, at=20)
    every(Batch).update(cancelled_at=AT)
    # No date is so late.
    settings.EXECUTION_TIMEOUT_GRACE = 10**12
    _sweep(21)
    assert _results(broker)["a"][0] == "CANCELLED"
    failed = [record.__dict__["part"] for record in caplog.records if record.levelname == "ERROR"]
    assert failed == ["note_progress"]


def _in_capitals(request: Request) -> None:
    request.request_id = request.request_id.upper()


def _of_another_tenant(request: Request) -> None:
    request.tenant = a_tenant(name="other")


def _of_another_source(request: Request) -> None:
    request.source = "acme"


@pytest.mark.parametrize("spoil", [_in_capitals, _of_another_tenant, _of_another_source])
def test_it_believes_no_request_of_others(spoil: Callable[[Request], None], batch: Batch) -> None:
    _begin(batch, "a", "b")
    request = every(Request).get(request_id=str(the_execution("a").pk))
    request.pk = None
    request.attempt, request.error = 7, "of somebody else"
    spoil(request)
    every(Request).filter(request_id=str(the_execution("a").pk)).delete()
    request.save()
    every(Request).filter(request_id=str(the_execution("b").pk)).update(error="own")
    _sweep(3)
    assert {name: the_execution(name).log for name in "ab"} == {"a": [], "b": ["own"]}


def test_it_reads_no_input_files(batch: Batch) -> None:
    _begin(batch, "a", "b", "c")
    every(Request).update(error="line")
    every(Execution).filter(correlation_id="b").update(deadline_at=AT)
    _hear_fleets(since=-100, at=10)
    with CaptureQueriesContext(connection) as captured:
        _sweep(10)
        cancel_batch(tenant=batch.tenant, batch_id=batch.pk, actor=ADA, at=later(11))
    statuses = [the_execution(name).status for name in "abc"]
    assert statuses == ["CANCELLED", "TIMED_OUT", "CANCELLED"]
    assert [query["sql"] for query in captured if "input_files" in query["sql"]] == []
