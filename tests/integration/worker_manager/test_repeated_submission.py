"""A broker that repeats itself is not a client that reuses an id."""

import pytest
from pytest_django import Settings

from tests.factories.messages import a_submission, an_answer
from tests.factories.worker_manager import a_tenant, a_worker_type, later, live_workers
from tests.fakes.engine import Engine

pytestmark = pytest.mark.django_db


def _finished(engine: Engine) -> None:
    a_worker_type(a_tenant())
    live_workers("unzip-worker")
    engine.submit(a_submission())
    engine.answer(an_answer("SUCCESS"))
    engine.forget()


def test_it_is_silent_about_a_redelivered_request_that_is_stored(engine: Engine) -> None:
    a_tenant()
    engine.submit(a_submission())
    engine.forget()
    report = engine.submit(a_submission(redelivered=True))
    assert (report.repeated, engine.broker.published) == (1, [])


def test_it_is_silent_about_a_redelivered_request_that_has_finished(engine: Engine) -> None:
    _finished(engine)
    report = engine.submit(a_submission(redelivered=True))
    assert (report.repeated, engine.broker.published) == (1, [])


def test_it_is_silent_about_one_that_finished_shortly_before(engine: Engine, settings: Settings) -> None:
    settings.REDELIVERED_WITHIN = 3600
    _finished(engine)
    report = engine.submit(a_submission(redelivered=True), at=later(3600))
    assert (report.repeated, engine.broker.published) == (1, [])


def test_it_takes_an_id_that_is_used_again_though_the_broker_repeats_it(
    engine: Engine, settings: Settings
) -> None:
    settings.REDELIVERED_WITHIN = 3600
    _finished(engine)
    report = engine.submit(a_submission(redelivered=True), at=later(3601))
    assert (report.repeated, engine.states()) == (0, [("r-1", "DELAYED")])
    engine.submit(a_submission(redelivered=True), at=later(3602))
    assert engine.states() == [("r-1", "DELAYED")]


def test_it_takes_a_redelivered_request_that_was_never_stored(engine: Engine) -> None:
    a_tenant()
    engine.submit(a_submission(redelivered=True))
    assert engine.states() == [("r-1", "DELAYED")]


def test_it_refuses_a_redelivered_request_with_another_body(engine: Engine) -> None:
    a_tenant()
    engine.submit(a_submission())
    engine.forget()
    engine.submit(a_submission(content=b'{"other":1}', redelivered=True))
    assert engine.states() == [("r-1", "SKIPPED")]


def test_it_does_not_mistake_another_tenants_request_for_the_same(engine: Engine) -> None:
    a_tenant()
    a_tenant(name="other")
    engine.submit(a_submission())
    engine.forget()
    engine.submit(a_submission(tenant="other", redelivered=True))
    assert engine.states() == [("r-1", "DELAYED")]
