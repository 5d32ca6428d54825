"""What workers answer moves their requests."""

import pytest

from tests.factories.messages import a_submission, an_answer
from tests.factories.rows import every
from tests.factories.scenes import a_dispatched_request
from tests.factories.worker_manager import a_tenant, a_worker_type, live_workers, the_request
from tests.fakes.engine import Engine
from worker_manager.models import FinishedRequest, Request
from worker_manager.states import RequestStatus

pytestmark = pytest.mark.django_db


def test_it_says_nothing_when_the_work_starts(engine: Engine) -> None:
    a_dispatched_request(engine)
    engine.answer(an_answer("RUNNING", messages=["half", "way"], worker_id="w-7"))
    request = the_request()
    assert (request.status, request.error) == (RequestStatus.RUNNING, "half,way")
    assert (request.worker_id, engine.broker.published) == ("w-7", [])


def test_it_clears_the_error_when_the_work_starts_without_a_message(engine: Engine) -> None:
    a_dispatched_request(engine)
    engine.answer(an_answer("RUNNING", messages=["before"]))
    engine.answer(an_answer("RUNNING"))
    assert the_request().error is None


def test_it_ends_with_the_workers_content(engine: Engine) -> None:
    a_dispatched_request(engine)
    engine.answer(an_answer("SUCCESS", content=b"\x00\xff", messages=["unheard"]))
    (response,) = engine.responses()
    assert (response.state, response.content) == ("SUCCESS", b"\x00\xff")
    assert response.messages == ("Your request has been successfully handled by the <unzip-worker> worker.",)
    assert (response.owner, response.session, response.worker_type) == ("acme", "2025-06", "unzip-worker")


def test_it_removes_and_remembers_what_succeeded(engine: Engine) -> None:
    a_dispatched_request(engine)
    engine.answer(an_answer("SUCCESS"))
    finished = every(FinishedRequest).get()
    assert not every(Request).exists()
    assert (finished.request_id, finished.status, finished.worker_type) == ("r-1", "SUCCESS", "unzip-worker")


@pytest.mark.parametrize(("content", "final"), [(None, b"{}"), (b"", b"")])
def test_it_gives_an_empty_object_only_when_there_is_no_content(
    engine: Engine, content: bytes | None, final: bytes
) -> None:
    a_dispatched_request(engine)
    engine.answer(an_answer("SUCCESS", content=content))
    assert engine.responses()[0].content == final


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (
            "INVALID_CONTENT",
            "Your request is not valid (invalidated by the matching worker <unzip-worker>). no,way",
        ),
        ("ERROR", "Error during processing your request in <unzip-worker> worker : Cause : no,way."),
    ],
)
def test_it_keeps_what_failed_and_tells_the_client(engine: Engine, status: str, text: str) -> None:
    a_dispatched_request(engine)
    engine.answer(an_answer(status, messages=["no", "way"], content=b"partial"))
    (response,) = engine.responses()
    assert (response.state, response.messages, response.content) == (status, (text,), None)
    assert (the_request().status, the_request().error) == (status, "no,way")
    assert the_request().body == b'{"file":"a.zip"}'


def test_it_says_nothing_after_cause_when_the_worker_gave_no_message(engine: Engine) -> None:
    a_dispatched_request(engine)
    engine.answer(an_answer("ERROR"))
    text = "Error during processing your request in <unzip-worker> worker : Cause : ."
    assert engine.responses()[0].messages == (text,)


def test_it_stores_an_error_that_no_column_takes(engine: Engine) -> None:
    a_dispatched_request(engine)
    engine.answer(an_answer("ERROR", messages=["nul \0 and half \ud800"]))
    assert the_request().error == "nul  and half ?"


def test_it_tells_only_the_last_of_several_answers_of_a_bulk(engine: Engine) -> None:
    a_dispatched_request(engine)
    engine.answer(an_answer("RUNNING"), an_answer("ERROR", messages=["late"]))
    assert engine.states() == [("r-1", "ERROR")]


@pytest.mark.parametrize("after", ["SUCCESS", "ERROR", "INVALID_CONTENT", "RETRY_LATER", "REDELIVERED"])
def test_it_drops_what_comes_after_the_end_in_the_same_bulk(engine: Engine, after: str) -> None:
    a_dispatched_request(engine)
    dropped = engine.answer(an_answer("SUCCESS", content=b"1"), an_answer(after, content=b"2"))
    assert [drop.position for drop in dropped] == [1]
    assert [response.content for response in engine.responses()] == [b"1"]


def test_it_never_goes_back_from_an_error_to_running(engine: Engine) -> None:
    a_dispatched_request(engine)
    engine.answer(an_answer("ERROR", messages=["no"]), an_answer("RUNNING"))
    engine.forget()
    engine.answer(an_answer("RUNNING"))
    assert (the_request().status, the_request().error) == (RequestStatus.ERROR, "no")
    assert engine.broker.published == []


def test_it_does_not_let_a_late_sign_of_life_bring_a_request_back(engine: Engine) -> None:
    a_dispatched_request(engine)
    engine.answer(an_answer("SUCCESS"), an_answer("RUNNING"))
    assert not every(Request).exists()
    assert engine.states() == [("r-1", "SUCCESS")]


def test_it_keeps_no_copy_of_a_late_sign_of_life_but_of_a_late_result(engine: Engine) -> None:
    a_dispatched_request(engine)
    engine.answer(an_answer("ERROR"))
    (dropped,) = engine.answer(an_answer("RUNNING"), an_answer("SUCCESS"))
    assert dropped.position == 1
    assert dropped.reason == (
        "Answer SUCCESS of request r-1 dropped: the request awaits no answer, it is ERROR"
    )


def test_it_ignores_answers_to_unknown_requests(engine: Engine) -> None:
    a_dispatched_request(engine)
    (dropped,) = engine.answer(an_answer("SUCCESS", request_id="r-9"))
    assert dropped.reason == "Answer SUCCESS of request r-9 dropped: no such request, or it has ended"
    assert engine.broker.published == []


@pytest.mark.parametrize("tenant", ["other", "nobody"])
def test_it_never_moves_another_tenants_request(engine: Engine, tenant: str) -> None:
    a_tenant(name="other")
    a_dispatched_request(engine)
    dropped = engine.answer(an_answer("SUCCESS", tenant=tenant))
    assert (len(dropped), the_request().status) == (1, RequestStatus.DISPATCHED)


def test_it_moves_the_right_one_of_two_tenants_with_one_id(engine: Engine) -> None:
    a_worker_type(a_tenant())
    a_worker_type(a_tenant(name="other"))
    live_workers("unzip-worker")
    engine.submit(a_submission(), a_submission(tenant="other"))
    engine.answer(an_answer("ERROR"), an_answer("RUNNING", tenant="other"))
    statuses = (the_request().status, the_request(tenant="other").status)
    assert statuses == (RequestStatus.ERROR, RequestStatus.RUNNING)


def test_it_drops_an_unnamed_answer_where_the_fleet_names_its_dispatches(engine: Engine) -> None:
    request = a_dispatched_request(engine, protocol="celery")
    dropped = engine.answer(an_answer("ERROR"), an_answer("SUCCESS", dispatch_id=request.dispatch_id))
    assert [drop.position for drop in dropped] == [0]
    assert engine.states() == [("r-1", "SUCCESS")]


def test_it_does_not_let_a_foreign_correlation_id_stand_in_the_way(engine: Engine) -> None:
    a_dispatched_request(engine)
    assert engine.answer(an_answer("SUCCESS", dispatch_id="corr-4711")) == []


def test_it_forgets_a_request_whose_errors_are_not_kept(engine: Engine) -> None:
    a_dispatched_request(engine, keep_errors=False)
    engine.answer(an_answer("INVALID_CONTENT", messages=["bad"]))
    assert engine.states() == [("r-1", "INVALID_CONTENT")]
    assert not every(Request).exists()
    assert every(FinishedRequest).get().error == "bad"


def test_it_looks_keep_errors_up_by_the_owner_of_the_content_type(engine: Engine) -> None:
    tenant = a_tenant()
    a_worker_type(tenant, worker_type="unzip", inputs=["else"], keep_errors=True)
    a_worker_type(tenant, worker_type="unzip-worker", inputs=["unzip"], keep_errors=False)
    live_workers("unzip-worker")
    engine.submit(a_submission())
    engine.answer(an_answer("ERROR"))
    assert not every(Request).exists()
