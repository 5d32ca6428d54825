"""A workflow goes on from step to step, each time its worker has answered."""

import pytest

from tests.factories.messages import a_dead_letter, a_submission, an_answer
from tests.factories.rows import every
from tests.factories.scenes import a_dispatched_workflow
from tests.factories.worker_manager import (
    a_tenant,
    a_worker_type,
    a_workflow,
    live_workers,
    the_request,
)
from tests.fakes.engine import Engine
from worker_manager.models import FinishedRequest, Request, WorkerInstance, Workflow
from worker_manager.states import RequestStatus

pytestmark = pytest.mark.django_db


def test_it_sends_the_content_and_headers_of_a_step_to_the_next(engine: Engine) -> None:
    a_dispatched_workflow(engine)
    engine.answer(an_answer("SUCCESS", content=b"<tree/>", headers={"depth": "3"}))
    (sent,) = engine.dispatches()
    assert (sent.exchange, sent.body) == ("regards.worker.sip-worker.request", b"<tree/>")
    assert sent.headers["depth"] == "3"
    assert sent.headers["regards.request.content_type"] == "ingest"


def test_it_grants_again_at_each_step(engine: Engine) -> None:
    a_dispatched_workflow(engine)
    engine.answer(an_answer("SUCCESS", content=b"{}"))
    (response,) = engine.responses()
    assert (response.state, response.worker_type) == ("GRANTED", "sip-worker")


def test_it_ends_after_the_last_step(engine: Engine) -> None:
    a_dispatched_workflow(engine)
    engine.answer(an_answer("SUCCESS", content=b"1"))
    engine.forget()
    engine.answer(an_answer("SUCCESS"))
    (response,) = engine.responses()
    assert (response.state, response.content, response.worker_type) == ("SUCCESS", b"{}", "sip-worker")


def test_it_takes_empty_content_as_content(engine: Engine) -> None:
    a_dispatched_workflow(engine)
    engine.answer(an_answer("SUCCESS", content=b""))
    assert engine.dispatches()[0].body == b""
    assert the_request().body == b""


def test_it_stops_at_a_step_that_returned_no_content(engine: Engine) -> None:
    a_dispatched_workflow(engine)
    engine.answer(an_answer("SUCCESS"))
    request = the_request()
    assert (request.status, request.step_number) == (RequestStatus.ERROR, 1)
    assert request.body == b'{"file":"a.zip"}'
    assert request.error == (
        'An error occurred at step 1 of the workflow "ingest". The workerResponseEvent r-1 did not return '
        "any content while it is required by the next worker. Workflow is therefore stopped at this step."
    )
    assert engine.states() == [("r-1", "ERROR")]


def test_it_replaces_the_headers_at_each_step(engine: Engine) -> None:
    a_workflow(a_tenant(), steps={1: "a", 2: "b", 3: "c"})
    live_workers("a", "b", "c")
    engine.submit(a_submission(content_type="ingest"))
    engine.answer(an_answer("SUCCESS", content=b"1", headers={"one": "1"}))
    engine.answer(an_answer("SUCCESS", content=b"2", headers={"two": "2"}))
    assert the_request().headers == {"two": "2"}
    assert "one" not in engine.dispatches()[-1].headers


def test_it_clears_the_headers_when_a_step_returns_none(engine: Engine) -> None:
    a_workflow(a_tenant(), steps={1: "a", 2: "b", 3: "c"})
    live_workers("a", "b", "c")
    engine.submit(a_submission(content_type="ingest"))
    engine.answer(an_answer("SUCCESS", content=b"1", headers={"one": "1"}))
    engine.answer(an_answer("SUCCESS", content=b"2"))
    assert the_request().headers is None


def test_it_does_not_let_a_worker_set_headers_of_the_protocol(engine: Engine) -> None:
    a_dispatched_workflow(engine)
    stolen = {"regards.tenant": "other", "regards.request.id": "r-9", "mine": "yes"}
    engine.answer(an_answer("SUCCESS", content=b"{}", headers=stolen))
    sent = engine.dispatches()[0].headers
    assert (sent["regards.tenant"], sent["regards.request.id"], sent["mine"]) == ("demo", "r-1", "yes")


def test_it_does_not_let_a_worker_replace_headers_of_celery(engine: Engine) -> None:
    request = a_dispatched_workflow(engine, protocol="celery")
    stolen = {"task": "somebody.elses", "expires": "2000-01-01", "mine": "yes"}
    engine.answer(an_answer("SUCCESS", content=b"{}", headers=stolen, dispatch_id=request.dispatch_id))
    (sent,) = engine.dispatches()
    assert sent.headers["task"] == "regards.worker.sip-worker"
    assert "expires" not in sent.headers
    assert b'"mine":"yes"' in sent.body


def test_it_never_advances_twice_for_two_answers_of_one_bulk(engine: Engine) -> None:
    a_dispatched_workflow(engine)
    dropped = engine.answer(an_answer("SUCCESS", content=b"1"), an_answer("SUCCESS", content=b"2"))
    assert [drop.position for drop in dropped] == [1]
    assert (the_request().step_number, the_request().body) == (2, b"1")


def test_it_never_advances_twice_for_an_answer_that_names_its_dispatch(engine: Engine) -> None:
    request = a_dispatched_workflow(engine)
    again = an_answer("SUCCESS", content=b"1", dispatch_id=request.dispatch_id)
    engine.answer(again)
    engine.forget()
    assert len(engine.answer(again)) == 1
    assert (the_request().step_number, engine.broker.published) == (2, [])


def test_it_waits_in_the_middle_when_nobody_serves_the_next_step(engine: Engine) -> None:
    a_dispatched_workflow(engine)
    WorkerInstance.objects.filter(worker_type="sip-worker").delete()
    engine.answer(an_answer("SUCCESS", content=b"1"))
    request = the_request()
    assert (request.status, request.step_worker_type) == (RequestStatus.NO_WORKER_AVAILABLE, "sip-worker")
    assert request.dispatched_worker_type is None
    (response,) = engine.responses()
    assert (response.state, response.worker_type) == ("DELAYED", None)
    assert engine.dispatches() == []


def test_it_drops_a_repeated_answer_while_the_next_step_waits(engine: Engine) -> None:
    a_dispatched_workflow(engine)
    WorkerInstance.objects.filter(worker_type="sip-worker").delete()
    engine.answer(an_answer("SUCCESS", content=b"1"))
    assert len(engine.answer(an_answer("SUCCESS", content=b"2"))) == 1
    assert the_request().body == b"1"


def test_it_follows_the_plan_it_started_with_when_the_workflow_is_edited(engine: Engine) -> None:
    a_dispatched_workflow(engine)
    every(Workflow).update(steps=[{"stepNumber": 1, "workerType": "unzip-worker"}])
    engine.answer(an_answer("SUCCESS", content=b"1"))
    assert the_request().dispatched_worker_type == "sip-worker"


def test_it_follows_the_plan_it_started_with_when_the_workflow_is_deleted(engine: Engine) -> None:
    a_dispatched_workflow(engine, keep_errors=False)
    every(Workflow).delete()
    engine.answer(an_answer("SUCCESS", content=b"1"))
    engine.answer(an_answer("ERROR"))
    assert engine.states() == [("r-1", "GRANTED"), ("r-1", "ERROR")]
    assert not every(Request).exists()


def test_it_asks_the_workflow_and_not_its_members_whether_errors_are_kept(engine: Engine) -> None:
    tenant = a_tenant()
    a_worker_type(tenant, keep_errors=False)
    a_workflow(tenant, keep_errors=True)
    live_workers("unzip-worker", "sip-worker")
    engine.submit(a_submission(content_type="ingest"))
    engine.answer(an_answer("ERROR"))
    assert the_request().status == RequestStatus.ERROR


def test_it_forgets_a_workflow_whose_errors_are_not_kept(engine: Engine) -> None:
    a_dispatched_workflow(engine, keep_errors=False)
    engine.bury(a_dead_letter())
    assert not every(Request).exists()
    assert every(FinishedRequest).get().status == "ERROR"
