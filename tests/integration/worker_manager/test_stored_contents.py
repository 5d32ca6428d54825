"""What is large does not travel: rows and messages refer to files of the shared storage."""

import base64
from dataclasses import replace
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from tests.factories.messages import a_beat, a_submission, an_answer, submissions
from tests.factories.rows import every
from tests.factories.stored_contents import LARGE, a_stored_answer, files_of, folder_of, given_to
from tests.factories.worker_manager import (
    a_tenant,
    a_worker_type,
    a_workflow,
    later,
    live_workers,
    the_request,
)
from tests.fakes.engine import Engine
from tests.fakes.jobs_office import Office
from tests.fakes.operators import retry
from worker_manager.models import KeptContent, Request, WorkerInstance, Workflow
from worker_manager.services.orders import Start
from workers.contract.heartbeat import Protocol
from workers.contract.stored_content import StoredContent

pytestmark = pytest.mark.django_db

_SENT = b'{"file":"a.zip"}'


@pytest.fixture(autouse=True)
def _storage(settings: Settings, tmp_path: Path) -> None:
    settings.STORED_CONTENTS = True
    settings.SHARED_STORAGE = tmp_path


def _at_step_one(engine: Engine, *, reading: bool = True, count: int = 1) -> Request:
    """Return the first of some requests, at step 1 of two; the fleet of step 2 may read contents."""
    a_workflow(a_tenant())
    live_workers("unzip-worker", protocol="celery", stored_contents=True)
    live_workers("sip-worker", protocol="celery" if reading else "raw", stored_contents=reading)
    engine.submit(*submissions(count, content_type="ingest"))
    return the_request("r-0")


def _at_step_two(engine: Engine, *, reading: bool = True) -> Request:
    """Return a request whose first step has made a large content."""
    engine.answer(a_stored_answer(_at_step_one(engine, reading=reading)))
    return the_request("r-0")


def test_it_tells_a_fleet_that_it_takes_references(engine: Engine) -> None:
    _at_step_one(engine)
    (sent,) = engine.dispatches()
    assert sent.headers["x-accepts-stored-content"] == "true"
    assert given_to(sent) == base64.b64encode(_SENT).decode()


def test_it_does_not_unless_it_is_configured(engine: Engine, settings: Settings) -> None:
    settings.STORED_CONTENTS = False
    _at_step_one(engine)
    (sent,) = engine.dispatches()
    assert "x-accepts-stored-content" not in sent.headers


def test_it_does_not_while_one_instance_of_the_fleet_does_not_know_them(engine: Engine) -> None:
    live_workers("unzip-worker", protocol="celery", worker_id="older")
    _at_step_one(engine)
    (sent,) = engine.dispatches()
    assert "x-accepts-stored-content" not in sent.headers


def test_it_hears_by_heartbeat_that_a_fleet_reads_them(engine: Engine) -> None:
    a_worker_type(a_tenant())
    engine.beat(a_beat(protocol=Protocol.CELERY, stored_contents=True))
    assert every(WorkerInstance).get().stored_contents
    engine.submit(a_submission())
    (sent,) = engine.dispatches()
    assert sent.headers["x-accepts-stored-content"] == "true"


def test_it_passes_the_reference_on_to_our_fleet(engine: Engine) -> None:
    request = _at_step_two(engine)
    stored = StoredContent.of(LARGE, attempt=1)
    assert (request.body, request.stored_content) == (b"", stored.to_json())
    sent = engine.dispatches()[-1]
    assert (sent.worker_type, given_to(sent)) == ("sip-worker", stored.to_json())
    assert every(KeptContent).get().content == stored


def test_it_gives_a_foreign_worker_the_content_itself(engine: Engine) -> None:
    _at_step_two(engine, reading=False)
    sent = engine.dispatches()[-1]
    assert (sent.exchange, sent.body) == ("regards.worker.sip-worker.request", LARGE)
    assert not [name for name in sent.headers if name.startswith("x-")]


def test_it_gives_a_fleet_that_does_not_read_them_the_content_itself(engine: Engine) -> None:
    request = _at_step_one(engine)
    every(WorkerInstance).filter(worker_type="sip-worker").update(stored_contents=False)
    engine.answer(a_stored_answer(request))
    assert given_to(engine.dispatches()[-1]) == base64.b64encode(LARGE).decode()


def test_it_gives_the_client_the_content_itself(engine: Engine) -> None:
    request = _at_step_two(engine)
    engine.answer(a_stored_answer(request, b"the end"))
    assert (engine.states()[-1], engine.responses()[-1].content) == (("r-0", "SUCCESS"), b"the end")
    assert every(Request).count() == 0


def test_it_goes_on_with_a_content_that_travels_after_one_that_does_not(engine: Engine) -> None:
    a_workflow(a_tenant(), steps={1: "a", 2: "b", 3: "c"})
    live_workers("a", "b", "c", protocol="celery", stored_contents=True)
    engine.submit(a_submission(content_type="ingest"))
    engine.answer(a_stored_answer(the_request()))
    engine.answer(an_answer(content=b"small", dispatch_id=the_request().dispatch_id))
    request = the_request()
    assert (request.stored_content, bytes(request.content or b"")) == (None, b"small")
    assert given_to(engine.dispatches()[-1]) == base64.b64encode(b"small").decode()


def test_it_goes_round_a_loop_and_keeps_headers(engine: Engine) -> None:
    step = {"stepNumber": 1, "workerType": "a"}
    loop = {"while": {"header": "fit", "in": ["poor"]}, "most": 5}
    Workflow.objects.create(
        tenant=a_tenant(), workflow_type="ingest", steps=[{**step, "repeat": loop}], keep_headers=True
    )
    live_workers("a", protocol="celery", stored_contents=True)
    engine.submit(a_submission(content_type="ingest"))
    engine.answer(replace(a_stored_answer(the_request()), additional_headers={"fit": "poor", "by": "a"}))
    assert given_to(engine.dispatches()[-1]) == StoredContent.of(LARGE, attempt=1).to_json()
    engine.answer(replace(a_stored_answer(the_request(), b"good"), additional_headers={"fit": "good"}))
    told = engine.responses()[-1]
    assert (told.content, told.additional_headers) == (b"good", {"fit": "good", "by": "a"})


def test_it_sends_a_lost_attempt_s_reference_again(engine: Engine) -> None:
    request = _at_step_two(engine)
    engine.answer(an_answer("REDELIVERED", request_id="r-0", dispatch_id=request.dispatch_id))
    before, again = engine.dispatches()[-2:]
    assert given_to(before) == given_to(again) == StoredContent.of(LARGE, attempt=1).to_json()
    assert before.message_id != again.message_id


def test_it_reads_what_waited_for_a_foreign_worker(engine: Engine) -> None:
    request = _at_step_one(engine)
    every(WorkerInstance).filter(worker_type="sip-worker").delete()
    engine.answer(a_stored_answer(request))
    assert the_request("r-0").status == "NO_WORKER_AVAILABLE"
    live_workers("sip-worker", at=later(1))
    engine.redispatch(at=later(1))
    assert engine.dispatches()[-1].body == LARGE


def test_it_retries_from_the_failed_step(engine: Engine, office: Office) -> None:
    request = _at_step_two(engine)
    engine.answer(an_answer("ERROR", request_id="r-0", dispatch_id=request.dispatch_id))
    retry(office, request.tenant)
    assert given_to(engine.dispatches()[-1]) == StoredContent.of(LARGE, attempt=1).to_json()


def test_it_retries_from_the_first_step(engine: Engine, office: Office) -> None:
    request = _at_step_two(engine)
    engine.answer(an_answer("ERROR", request_id="r-0", dispatch_id=request.dispatch_id))
    retry(office, request.tenant, start=Start.FIRST)
    assert given_to(engine.dispatches()[-1]) == base64.b64encode(_SENT).decode()
    assert the_request("r-0").stored_content is None
    engine.answer(a_stored_answer(the_request("r-0"), b"made again"))
    assert given_to(engine.dispatches()[-1]) == StoredContent.of(b"made again", attempt=3).to_json()


def test_it_ends_in_error_when_the_content_is_lost_before_a_foreign_worker_gets_it(engine: Engine) -> None:
    request = _at_step_one(engine, reading=False)
    answer = a_stored_answer(request)
    (folder_of(request).path / StoredContent.of(LARGE, attempt=1).name).write_bytes(LARGE.upper())
    engine.answer(answer)
    failed = the_request("r-0")
    assert (failed.status, failed.attempt) == ("ERROR", 2)
    assert "was altered: it has another digest now. A retry from the first step" in (failed.error or "")
    assert engine.states()[-1] == ("r-0", "ERROR")
    assert [sent.worker_type for sent in engine.dispatches()] == ["unzip-worker"]


def test_it_recovers_from_a_lost_content_by_a_retry_from_the_first_step(
    engine: Engine, office: Office
) -> None:
    request = _at_step_one(engine, reading=False)
    answer = a_stored_answer(request)
    folder_of(request).remove(StoredContent.of(LARGE, attempt=1))
    engine.answer(answer)
    retry(office, request.tenant, start=Start.FIRST)
    engine.answer(a_stored_answer(the_request("r-0")))
    assert (the_request("r-0").status, engine.dispatches()[-1].body) == ("DISPATCHED", LARGE)


def test_it_does_the_last_step_again_when_the_client_s_content_is_lost(engine: Engine) -> None:
    a_worker_type(a_tenant(), policy={"retryOn": ["ERROR"]})
    live_workers("unzip-worker", protocol="celery", stored_contents=True)
    engine.submit(a_submission())
    answer = a_stored_answer(the_request())
    folder_of(the_request()).remove(StoredContent.of(LARGE, attempt=1))
    engine.answer(answer)
    assert (the_request().status, the_request().attempt) == ("DISPATCHED", 2)
    engine.answer(a_stored_answer(the_request()))
    assert engine.responses()[-1].content == LARGE


def test_it_opens_no_file_of_another_tenant(engine: Engine) -> None:
    a_worker_type(a_tenant())
    a_worker_type(a_tenant(name="other"))
    live_workers("unzip-worker", protocol="celery", stored_contents=True)
    engine.submit(a_submission(), a_submission(tenant="other"))
    theirs = a_stored_answer(the_request())
    mine = the_request(tenant="other")
    engine.answer(an_answer(tenant="other", stored=theirs.stored, dispatch_id=mine.dispatch_id))
    assert the_request(tenant="other").status == "ERROR"
    assert f".contents/other/{mine.pk}/" in (the_request(tenant="other").error or "")


def test_it_notes_nothing_of_an_answer_that_is_dropped(engine: Engine) -> None:
    request = _at_step_one(engine)
    late = a_stored_answer(request)
    engine.answer(an_answer("REDELIVERED", request_id="r-0", dispatch_id=request.dispatch_id))
    (dropped,) = engine.answer(late)
    assert "the current one is" in dropped.reason
    assert every(KeptContent).count() == 0


def test_it_holds_what_would_be_too_much_in_memory(engine: Engine, settings: Settings) -> None:
    settings.BULK_MAX_BYTES = len(LARGE) + 1
    _at_step_one(engine, reading=False, count=3)
    every(WorkerInstance).filter(worker_type="sip-worker").delete()
    engine.answer(*(a_stored_answer(request) for request in every(Request)))
    engine.forget()
    # One page of those that wait, and one of those that are held.
    engine.beat(a_beat("sip-worker", beaten_at=later(1)), at=later(1))
    statuses = every(Request).order_by("pk").values_list("status", flat=True)
    assert list(statuses) == ["DISPATCHED", "DISPATCHED", "TO_DISPATCH"]
    assert engine.redispatch(at=later(2)) == 1
    assert set(statuses.all()) == {"DISPATCHED"}
    assert [sent.body for sent in engine.dispatches()] == [LARGE, LARGE, LARGE]
    assert engine.states() == [(f"r-{number}", "GRANTED") for number in range(3)]


def _applied(caplog: pytest.LogCaptureFixture) -> list[int]:
    """Return how many answers each transaction took."""
    told = (record for record in caplog.records if record.getMessage() == "answers applied")
    return [record.answers for record in told]  # type: ignore[attr-defined] # a field of the record


def test_it_ends_a_bulk_when_it_has_read_enough_for_clients(
    engine: Engine, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.BULK_MAX_BYTES = 2 * len(LARGE)
    a_worker_type(a_tenant())
    live_workers("unzip-worker", protocol="celery", stored_contents=True)
    engine.submit(*submissions(5))
    given = [a_stored_answer(request) for request in every(Request).order_by("pk")]
    with caplog.at_level("INFO"):
        dropped = engine.answer(*given, an_answer(request_id="unknown", content=b""))
    assert _applied(caplog) == [2, 2, 2]
    assert [drop.position for drop in dropped] == [5]
    ended = [(response.request_id, response.content) for response in engine.responses() if response.content]
    assert ended == [(f"r-{number}", LARGE) for number in range(5)]


def test_it_takes_references_that_it_passes_on_in_one_bulk(
    engine: Engine, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.BULK_MAX_BYTES = len(LARGE)
    _at_step_one(engine, count=5)
    with caplog.at_level("INFO"):
        engine.answer(*(a_stored_answer(request) for request in every(Request)))
    assert _applied(caplog) == [5]


@pytest.mark.usefixtures("statements_apart")
@pytest.mark.parametrize("count", [1, 10, 100])
def test_it_costs_the_same_few_statements(engine: Engine, count: int) -> None:
    _at_step_one(engine, count=count)
    answers = [a_stored_answer(request) for request in every(Request)]
    with CaptureQueriesContext(connection) as captured:
        engine.answer(*answers)
    # As for contents that travel, and what is noted of the files.
    assert sum("SAVEPOINT" not in query["sql"] for query in captured.captured_queries) == 8


@pytest.mark.usefixtures("statements_apart")
def test_it_looks_tenants_up_once_for_those_who_do_not_read(engine: Engine) -> None:
    _at_step_one(engine, reading=False, count=20)
    answers = [a_stored_answer(request) for request in every(Request)]
    with CaptureQueriesContext(connection) as captured:
        engine.answer(*answers)
    assert sum("SAVEPOINT" not in query["sql"] for query in captured.captured_queries) == 9
    assert files_of(the_request("r-7")) == [LARGE]
