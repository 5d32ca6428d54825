"""A bulk costs the same few statements, however many messages it has."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories.messages import a_beat, a_dead_letter, a_submission, an_answer, nameless, submissions
from tests.factories.rows import every
from tests.factories.worker_manager import a_tenant, a_worker_type, a_workflow, live_workers
from tests.fakes.engine import Engine
from worker_manager.models import Branch, Request, Workflow
from worker_manager.states import RequestStatus
from workers.contract.work_answer import WorkAnswer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("statements_apart")]

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
    # Tenants, known ids, plans, live types, insertion, session, outbox out and in.
    assert _statements(lambda: engine.submit(*submissions(count))) == 8
    assert len(engine.dispatches()) == count


@_SIZES
def test_it_looks_redelivered_requests_up_once(engine: Engine, count: int) -> None:
    _ready(engine, count)
    repeated = [a_submission(f"r-{number}", redelivered=True) for number in range(count)]
    # Tenants, known ids, finished ids, live types.
    assert _statements(lambda: engine.submit(*repeated)) == 4


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
    # Tenants, requests, live types, history, deletion, session, outbox out and in.
    assert _statements(lambda: engine.answer(*answers)) == 8


@_SIZES
def test_it_advances_workflows(engine: Engine, count: int) -> None:
    _ready(engine, count, content_type="ingest")
    answers = [an_answer("SUCCESS", request_id=f"r-{number}", content=b"1") for number in range(count)]
    # Tenants, requests, live types, update, session, outbox out and in.
    assert _statements(lambda: engine.answer(*answers)) == 7


@_SIZES
def test_it_advances_workflows_for_answers_that_name_no_dispatch(engine: Engine, count: int) -> None:
    _ready(engine, count, content_type="ingest")
    answers = [an_answer("SUCCESS", request_id=f"r-{number}", content=b"1") for number in range(count)]
    first = [nameless(answer, number) for number, answer in enumerate(answers)]
    # As for any others, and the inbox.
    assert _statements(lambda: engine.answer(*first)) == 8
    again = [nameless(answer, number, again=True) for number, answer in enumerate(answers)]
    # Tenants, requests, the inbox, live types.
    assert _statements(lambda: engine.answer(*again)) == 4
    assert len(engine.dispatches()) == 2 * count


@_SIZES
def test_it_goes_round_in_loops(engine: Engine, count: int) -> None:
    tenant = a_tenant()
    step = {"stepNumber": 1, "workerType": "sip-worker"}
    loop = {"while": {"header": "fit", "in": ["poor"]}, "most": 5}
    steps = [{**step, "repeat": loop}]
    Workflow.objects.create(tenant=tenant, workflow_type="ingest", steps=steps, keep_headers=True)
    live_workers("sip-worker")
    engine.submit(*submissions(count, content_type="ingest"))
    answers = [
        an_answer(request_id=f"r-{number}", content=b"1", headers={"fit": "poor"}) for number in range(count)
    ]
    # As to a next step; the sessions count the same as before.
    assert _statements(lambda: engine.answer(*answers)) == 6
    assert len(engine.dispatches()) == 2 * count


@_SIZES
def test_it_opens_new_attempts(engine: Engine, count: int) -> None:
    _ready(engine, count)
    answers = [an_answer("REDELIVERED", request_id=f"r-{number}") for number in range(count)]
    # Tenants, requests, live types, update, payloads, outbox out and in.
    assert _statements(lambda: engine.answer(*answers)) == 7


@_SIZES
def test_it_buries_the_dead(engine: Engine, count: int) -> None:
    _ready(engine, count)
    dead = [a_dead_letter(f"r-{number}") for number in range(count)]
    # Tenants, requests, live types, update, session, outbox out and in.
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
    live_workers("unzip-worker", worker_id="w-0", concurrency=1)
    # Tenants, live types, upsert, live types.
    assert _statements(lambda: engine.beat(*beats)) == 4


@_SIZES
def test_it_takes_up_a_page_that_waits(engine: Engine, count: int) -> None:
    a_worker_type(a_tenant())
    engine.submit(*submissions(count))
    live_workers("unzip-worker")
    # Tenants, live types, plans, page, update, payloads, session, outbox out and in; then an
    # empty page; tenants, live types, branches that can go; then live types and types with held requests.
    assert _statements(engine.redispatch) == 9 + 4 + 3 + 2


@_SIZES
def test_it_begins_and_ends_parallel_steps(engine: Engine, count: int) -> None:
    a_workflow(a_tenant(), steps={1: ("unzip-worker", "sip-worker"), 2: "store-worker"})
    live_workers("unzip-worker", "sip-worker", "store-worker")
    several = submissions(count, content_type="ingest")
    # As any other, and the old branches' deletion and the new ones' insertion.
    assert _statements(lambda: engine.submit(*several)) == 8 + 2
    assert len(engine.dispatches()) == 2 * count
    branches = list(every(Branch).select_related("request").order_by("position", "request"))
    answers = [
        an_answer(
            request_id=branch.request.request_id,
            content=b"1",
            dispatch_id=f"{branch.request_id}:1:{branch.attempt}",
        )
        for branch in branches
    ]
    # Tenants, requests, branches, live types, update, update of branches.
    assert _statements(lambda: engine.answer(*answers[:count])) == 6
    # Tenants, requests, branches, live types, contents, update, deletion of branches, session, outbox in and
    # out.
    assert _statements(lambda: engine.answer(*answers[count:])) == 10
    assert len(engine.dispatches()) == 3 * count


@pytest.mark.parametrize("count", [5, 300])
@pytest.mark.parametrize("ended", [1, 3])
def test_it_releases_held_branches(engine: Engine, count: int, ended: int) -> None:
    tenant = a_tenant()
    a_worker_type(tenant, max_in_flight=3)
    a_workflow(tenant, steps={1: ("unzip-worker", "sip-worker"), 2: "store-worker"})
    live_workers("unzip-worker", "sip-worker", "store-worker")
    engine.submit(*submissions(count, content_type="ingest"))
    sent = every(Branch).filter(step_worker_type="unzip-worker", status=RequestStatus.DISPATCHED)
    answers = [
        an_answer(
            request_id=branch.request.request_id,
            content=b"1",
            dispatch_id=f"{branch.request_id}:1:{branch.attempt}",
        )
        for branch in sent.select_related("request").order_by("pk")[:ended]
    ]
    # Tenants, requests, branches, live types, in flight and held, groups, held ones, their requests and
    # branches, update, updates of branches that ended and that were sent, payloads, outbox out and in; on
    # PostgreSQL the lock of the configured limit.
    assert _statements(lambda: engine.answer(*answers)) == 15 + connection.features.has_select_for_update


def _limited(engine: Engine, *, limit: int | None = 3) -> None:
    tenant = a_tenant()
    a_worker_type(tenant, max_in_flight=limit)
    a_workflow(tenant)
    live_workers("unzip-worker", "sip-worker", protocol="celery", concurrency=2)
    engine.submit(*submissions(3))


def _ended(count: int) -> list[WorkAnswer]:
    """Return answers that end the oldest dispatches."""
    sent = every(Request).filter(status=RequestStatus.DISPATCHED).order_by("pk")[:count]
    return [an_answer(request_id=one.request_id, dispatch_id=one.dispatch_id) for one in sent]


@_SIZES
def test_it_takes_requests_in_that_it_must_hold(engine: Engine, count: int) -> None:
    _limited(engine)
    flood = submissions(count, name="f")
    # As without a limit, and what is in flight and held, and on PostgreSQL the lock of the configured limit.
    assert _statements(lambda: engine.submit(*flood)) == 9 + connection.features.has_select_for_update
    assert len(engine.dispatches()) == 3


@pytest.mark.parametrize("ended", [1, 3])
def test_it_finishes_requests_of_a_limited_type(engine: Engine, ended: int) -> None:
    _limited(engine, limit=None)
    answers = _ended(ended)
    # As without a limit, and what is in flight and held.
    assert _statements(lambda: engine.answer(*answers)) == 9


@pytest.mark.parametrize("count", [5, 500])
@pytest.mark.parametrize("ended", [1, 3])
def test_it_releases_held_requests(engine: Engine, count: int, ended: int) -> None:
    _limited(engine)
    engine.submit(*submissions(count, name="f"))
    answers = _ended(ended)
    # Tenants, requests, live types, in flight and held, groups, held ones, update, history, deletion,
    # payloads, session, outbox out and in; on PostgreSQL the lock of the configured limit.
    assert _statements(lambda: engine.answer(*answers)) == 13 + connection.features.has_select_for_update
