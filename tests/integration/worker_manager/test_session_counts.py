"""Requests count for their session, over their whole lives."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories.messages import a_dead_letter, a_submission, an_answer
from tests.factories.scenes import a_dispatched_request, a_dispatched_workflow
from tests.factories.worker_manager import a_tenant, a_worker_type, a_workflow, later, live_workers
from tests.fakes.engine import Engine
from tests.fakes.jobs_office import Office
from tests.fakes.operators import delete, retry
from tests.fakes.sessions import counted, counters, there_are

pytestmark = pytest.mark.django_db

_UNZIP = "workers.unzip-worker"


def test_it_counts_a_request_from_reception_to_success(engine: Engine) -> None:
    a_dispatched_request(engine)
    assert counters() == {"workers.requests": 1, f"{_UNZIP}.dispatched": 1}
    engine.answer(an_answer("RUNNING"))
    assert counters() == {"workers.requests": 1, f"{_UNZIP}.running": 1}
    engine.answer(an_answer("SUCCESS"))
    assert counters() == {"workers.requests": 1, f"{_UNZIP}.done": 1}


def test_it_counts_a_workflow_once_and_only_its_last_step_as_done(engine: Engine) -> None:
    a_dispatched_workflow(engine)
    engine.answer(an_answer("SUCCESS", content=b"1"))
    assert counters() == {"workers.requests": 1, "workers.sip-worker.dispatched": 1}
    engine.answer(an_answer("SUCCESS"))
    assert counters() == {"workers.requests": 1, "workers.sip-worker.done": 1}


def test_it_counts_no_request_that_was_refused(engine: Engine) -> None:
    a_tenant(skipped=["unzip"])
    engine.submit(a_submission(), a_submission("r-2", session=None))
    assert counted() == {}


def test_it_counts_a_request_once_that_came_twice(engine: Engine) -> None:
    a_tenant()
    engine.submit(a_submission(), a_submission(redelivered=True))
    engine.submit(a_submission(redelivered=True))
    engine.submit(a_submission())
    assert counters() == {"workers.requests": 1, "workers.no_worker_available": 1}


def test_it_counts_an_answer_once_that_came_twice(engine: Engine) -> None:
    a_dispatched_request(engine)
    engine.answer(an_answer("ERROR"), an_answer("ERROR"))
    engine.answer(an_answer("ERROR"))
    assert counters() == {"workers.requests": 1, f"{_UNZIP}.error": 1}


def test_it_applies_every_move_of_a_mixed_bulk_once(engine: Engine) -> None:
    tenant = a_tenant()
    a_worker_type(tenant)
    a_workflow(tenant)
    live_workers("unzip-worker", "sip-worker")
    engine.submit(a_submission("advances", content_type="ingest"), a_submission("ends"), a_submission("runs"))
    engine.answer(
        an_answer("SUCCESS", request_id="advances", content=b"1"),
        an_answer("RUNNING", request_id="ends"),
        an_answer("SUCCESS", request_id="ends"),
        an_answer("RUNNING", request_id="runs"),
    )
    assert counters() == {
        "workers.requests": 3,
        "workers.sip-worker.dispatched": 1,
        f"{_UNZIP}.done": 1,
        f"{_UNZIP}.running": 1,
    }


@pytest.mark.parametrize("keep_errors", [True, False])
def test_it_counts_failures_whether_they_are_kept_or_not(engine: Engine, *, keep_errors: bool) -> None:
    a_dispatched_request(engine, keep_errors=keep_errors)
    engine.answer(an_answer("INVALID_CONTENT"))
    assert counters() == {"workers.requests": 1, f"{_UNZIP}.invalid": 1}


def test_it_counts_a_dead_letter_as_an_error(engine: Engine) -> None:
    a_dispatched_request(engine)
    engine.bury(a_dead_letter())
    assert counters() == {"workers.requests": 1, f"{_UNZIP}.error": 1}


def test_it_counts_what_waits_for_its_time_as_retry(engine: Engine) -> None:
    a_dispatched_request(engine)
    engine.answer(an_answer("RETRY_LATER", retry_after=60))
    assert counters() == {"workers.requests": 1, f"{_UNZIP}.retry": 1}
    engine.redispatch(at=later(61))
    assert counters()["workers.no_worker_available"] == 1


def test_it_counts_what_the_sweeps_take_up(engine: Engine) -> None:
    a_worker_type(a_tenant())
    engine.submit(a_submission())
    live_workers("unzip-worker")
    engine.redispatch()
    assert counters() == {"workers.requests": 1, f"{_UNZIP}.dispatched": 1}
    engine.rescue(at=later(90_000))
    assert counters() == {"workers.requests": 1, "workers.no_worker_available": 1}


def test_it_counts_retried_requests_anew(engine: Engine, office: Office) -> None:
    tenant = a_dispatched_request(engine).tenant
    engine.answer(an_answer("ERROR"))
    retry(office, tenant)
    assert counters() == {"workers.requests": 1, f"{_UNZIP}.dispatched": 1}


def test_it_forgets_deleted_requests(engine: Engine, office: Office) -> None:
    tenant = a_dispatched_request(engine).tenant
    engine.submit(a_submission("r-2"))
    engine.answer(an_answer("ERROR"))
    delete(office, tenant)
    assert counters() == {"workers.requests": 1, f"{_UNZIP}.dispatched": 1}


def test_it_agrees_with_the_requests_after_much_has_happened(engine: Engine, office: Office) -> None:
    tenant = a_tenant()
    a_worker_type(tenant)
    a_workflow(tenant, keep_errors=False)
    live_workers("unzip-worker", "sip-worker")
    outcomes = ["SUCCESS", "ERROR", "INVALID_CONTENT", "RUNNING", "RETRY_LATER", "REDELIVERED"]
    names = [(f"{kind}-{outcome}", kind, outcome) for kind in ("unzip", "ingest") for outcome in outcomes]
    engine.submit(*(a_submission(name, content_type=kind) for name, kind, _ in names))
    engine.submit(a_submission("waits", content_type="unknown"))
    engine.answer(*(an_answer(said, request_id=name, content=b"1") for name, _, said in names))
    assert counted() == there_are()
    retry(office, tenant)
    engine.bury(a_dead_letter("unzip-ERROR"))
    assert counted() == there_are()
    delete(office, tenant)
    engine.redispatch(at=later(1))
    assert counted() == there_are()


def test_it_adds_one_statement_for_any_number_of_sessions(engine: Engine) -> None:
    a_worker_type(a_tenant())
    with CaptureQueriesContext(connection) as captured:
        engine.submit(*(a_submission(f"r-{number}", session=f"s-{number}") for number in range(100)))
    added = [query for query in captured if "workermanager_session_change" in query["sql"]]
    assert len(added) == 1
    assert counters("s-7") == {"workers.requests": 1, "workers.no_worker_available": 1}
