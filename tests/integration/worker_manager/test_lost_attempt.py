"""Attempts that end without a result are opened again, but not for ever."""

from datetime import timedelta

import pytest
from pytest_django import Settings

from tests.factories.messages import an_answer
from tests.factories.scenes import a_dispatched_request
from tests.factories.worker_manager import AT, later, the_request
from tests.fakes.engine import Engine
from worker_manager.models import WorkerInstance
from worker_manager.states import RequestStatus

pytestmark = pytest.mark.django_db


def test_it_opens_a_new_attempt_for_a_redelivered_dispatch(engine: Engine) -> None:
    request = a_dispatched_request(engine)
    engine.answer(an_answer("REDELIVERED", dispatch_id=request.dispatch_id))
    (sent,) = engine.dispatches()
    assert (sent.message_id, sent.body) == (f"{request.pk}:0:2", b'{"file":"a.zip"}')
    assert engine.states() == [("r-1", "GRANTED")]


def test_it_fences_the_attempt_that_was_lost(engine: Engine) -> None:
    request = a_dispatched_request(engine)
    engine.answer(an_answer("REDELIVERED", dispatch_id=request.dispatch_id))
    (dropped,) = engine.answer(an_answer("SUCCESS", dispatch_id=request.dispatch_id))
    assert f"it answers dispatch {request.pk}:0:1, the current one is {request.pk}:0:2" in dropped.reason


def test_it_counts_one_redelivery_once(engine: Engine) -> None:
    request = a_dispatched_request(engine)
    told = an_answer("REDELIVERED", dispatch_id=request.dispatch_id)
    assert [drop.position for drop in engine.answer(told, told)] == [1]
    assert the_request().attempt == 2


def test_it_gives_up_after_the_maximum(engine: Engine, settings: Settings) -> None:
    settings.MAX_LOST_ATTEMPTS = 3
    a_dispatched_request(engine)
    for _ in range(3):
        engine.answer(an_answer("REDELIVERED", dispatch_id=the_request().dispatch_id))
    request = the_request()
    assert (request.status, request.attempt) == (RequestStatus.ERROR, 3)
    assert request.error == (
        "Given up after 3 attempts without an answer: the worker that had the request was lost"
    )
    assert engine.states()[-1] == ("r-1", "ERROR")


def test_it_lets_the_lost_request_wait_when_nobody_is_left(engine: Engine) -> None:
    a_dispatched_request(engine)
    WorkerInstance.objects.all().delete()
    engine.answer(an_answer("REDELIVERED"))
    assert the_request().status == RequestStatus.NO_WORKER_AVAILABLE
    assert engine.states() == [("r-1", "DELAYED")]


def test_it_waits_as_long_as_the_worker_asks(engine: Engine) -> None:
    a_dispatched_request(engine)
    engine.answer(an_answer("RETRY_LATER", retry_after=30.5, messages=["busy"]))
    request = the_request()
    assert (request.status, request.due_at) == (RequestStatus.TO_DISPATCH, later(30.5))
    assert (request.error, engine.broker.published) == ("busy", [])


def test_it_waits_no_longer_than_the_limit(engine: Engine, settings: Settings) -> None:
    settings.MAX_POSTPONEMENT = 60
    a_dispatched_request(engine)
    engine.answer(an_answer("RETRY_LATER", retry_after=1e9))
    assert the_request().due_at == AT + timedelta(seconds=60)


def test_it_dispatches_at_once_when_no_delay_is_asked(engine: Engine) -> None:
    a_dispatched_request(engine)
    engine.answer(an_answer("RETRY_LATER"))
    assert engine.redispatch() == 1


def test_it_ends_a_request_that_is_postponed_for_ever(engine: Engine, settings: Settings) -> None:
    settings.MAX_ATTEMPTS = 1
    a_dispatched_request(engine)
    engine.answer(an_answer("RETRY_LATER", retry_after=1, messages=["busy"]))
    assert the_request().status == RequestStatus.ERROR
    assert the_request().error == "Given up after 1 attempts: busy"


def test_it_drops_answers_while_a_request_waits_for_its_time(engine: Engine) -> None:
    request = a_dispatched_request(engine)
    engine.answer(an_answer("RETRY_LATER", retry_after=30))
    assert len(engine.answer(an_answer("SUCCESS", dispatch_id=request.dispatch_id))) == 1
    assert the_request().status == RequestStatus.TO_DISPATCH
