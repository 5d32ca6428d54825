"""A bulk costs the same few statements, however many messages it has."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories.messages import a_beat, a_dead_letter, a_submission, an_answer, submissions
from tests.factories.worker_manager import a_tenant, a_worker_type, a_workflow, live_workers
from tests.fakes.engine import Engine

pytestmark = pytest.mark.django_db

_SIZES = pytest.mark.parametrize("count", [1, 10, 500])


def _statements(action: Callable[[], object]) -> int:
    """Count what an action sends to the database, without the savepoints that only tests have."""
    with CaptureQueriesContext(connection) as captured:
        action()
    return sum("SAVEPOINT" not in query["sql"] for query in captured.captured_queries)


def _ready(engine: Engine, count: int, *, content_type: str = "unzip") -> None:
    tenant = a_tenant()
    a_worker_type(tenant)
    a_workflow(tenant)
    live_workers("unzip-worker", "sip-worker")
    engine.submit(*submissions(count, content_type=content_type))


@_SIZES
def test_it_takes_requests_in(engine: Engine, count: int) -> None:
    _ready(engine, 0)
    # Tenants, skipped types, known ids, inputs, workflows, live types, insertion, session, outbox in and out.
    assert _statements(lambda: engine.submit(*submissions(count))) == 10
    assert len(engine.dispatches()) == count


@_SIZES
def test_it_looks_redelivered_requests_up_once(engine: Engine, count: int) -> None:
    _ready(engine, count)
    repeated = [a_submission(f"r-{number}", redelivered=True) for number in range(count)]
    # Tenants, skipped types, known ids, finished ids, live types.
    assert _statements(lambda: engine.submit(*repeated)) == 5


@_SIZES
def test_it_hears_that_work_runs(engine: Engine, count: int) -> None:
    _ready(engine, count)
    answers = [an_answer("RUNNING", request_id=f"r-{number}") for number in range(count)]
    # Tenants, requests, live types, update, session.
    assert _statements(lambda: engine.answer(*answers)) == 5


@_SIZES
def test_it_finishes_requests(engine: Engine, count: int) -> None:
    _ready(engine, count)
    answers = [an_answer("SUCCESS", request_id=f"r-{number}") for number in range(count)]
    # Tenants, requests, live types, history, deletion, session, outbox in and out.
    assert _statements(lambda: engine.answer(*answers)) == 8


@_SIZES
def test_it_advances_workflows(engine: Engine, count: int) -> None:
    _ready(engine, count, content_type="ingest")
    answers = [an_answer("SUCCESS", request_id=f"r-{number}", content=b"1") for number in range(count)]
    # Tenants, requests, live types, update, session, outbox in and out.
    assert _statements(lambda: engine.answer(*answers)) == 7


@_SIZES
def test_it_opens_new_attempts(engine: Engine, count: int) -> None:
    _ready(engine, count)
    answers = [an_answer("REDELIVERED", request_id=f"r-{number}") for number in range(count)]
    # Tenants, requests, live types, update, payloads, outbox in and out.
    assert _statements(lambda: engine.answer(*answers)) == 7


@_SIZES
def test_it_buries_the_dead(engine: Engine, count: int) -> None:
    _ready(engine, count)
    dead = [a_dead_letter(f"r-{number}") for number in range(count)]
    # Tenants, requests, live types, update, session, outbox in and out.
    assert _statements(lambda: engine.bury(*dead)) == 7


@_SIZES
def test_it_lets_what_failed_wait_for_its_next_attempt(engine: Engine, count: int) -> None:
    a_worker_type(a_tenant(), policy={"retryOn": ["ERROR"], "backoff": {"delay": 5}})
    live_workers("unzip-worker")
    engine.submit(*submissions(count))
    answers = [an_answer("ERROR", request_id=f"r-{number}") for number in range(count)]
    # Tenants, requests, live types, update, session.
    assert _statements(lambda: engine.answer(*answers)) == 5


@_SIZES
def test_it_hears_heartbeats(engine: Engine, count: int) -> None:
    _ready(engine, 0)
    beats = [a_beat(worker_id=f"w-{number}") for number in range(count)]
    # Tenants, live types, upsert.
    assert _statements(lambda: engine.beat(*beats)) == 3


@_SIZES
def test_it_takes_up_a_page_that_waits(engine: Engine, count: int) -> None:
    a_worker_type(a_tenant())
    engine.submit(*submissions(count))
    live_workers("unzip-worker")
    # Tenants, live types, workflows, inputs, page, update, payloads, session, outbox in and out; then an
    # empty page.
    assert _statements(engine.redispatch) == 10 + 5
