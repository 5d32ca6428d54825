"""Every dispatch of a request leaves a trace: with the request, and in the history when it has gone."""

import pytest
from pytest_django import Settings

from tests.factories.messages import a_dead_letter, a_submission, an_answer
from tests.factories.requests import requests
from tests.factories.rows import every
from tests.factories.scenes import a_dispatched_request, a_dispatched_workflow
from tests.factories.worker_manager import AT, a_tenant, a_worker_type, later, live_workers, the_request
from tests.fakes.engine import Engine
from tests.fakes.jobs_office import Office
from tests.fakes.operators import delete, retry
from worker_manager.models import FinishedRequest, Request
from worker_manager.trail import Attempt, Trail

pytestmark = pytest.mark.django_db

Fact = tuple[int, int, str, str | None]


def _trail() -> tuple[Attempt, ...]:
    return Trail.read(the_request().trail).attempts


def _facts(attempts: tuple[Attempt, ...]) -> list[Fact]:
    return [(one.step, one.attempt, one.worker_type, one.outcome) for one in attempts]


def _finished() -> FinishedRequest:
    return every(FinishedRequest).get()


def test_it_notes_a_dispatch(engine: Engine) -> None:
    a_dispatched_request(engine)
    (attempt,) = _trail()
    assert _facts((attempt,)) == [(0, 1, "unzip-worker", None)]
    assert attempt.dispatched_at == AT


def test_it_notes_nothing_while_a_request_waits_for_a_worker(engine: Engine) -> None:
    a_worker_type(a_tenant())
    engine.submit(a_submission())
    assert _trail() == ()
    live_workers("unzip-worker", at=later(5))
    engine.redispatch(at=later(5))
    assert _trail()[0].dispatched_at == later(5)


def test_it_notes_who_runs_it_since_when(engine: Engine) -> None:
    a_dispatched_request(engine)
    engine.answer(an_answer("RUNNING", worker_id="w-1"), at=later(3))
    engine.answer(an_answer("RUNNING", worker_id="w-1"), at=later(4))
    (attempt,) = _trail()
    assert (attempt.started_at, attempt.worker_id, attempt.ended_at) == (later(3), "w-1", None)


def test_it_remembers_the_attempts_of_a_request_that_succeeded(engine: Engine) -> None:
    a_dispatched_workflow(engine)
    engine.answer(an_answer("RUNNING", worker_id="w-1"), at=later(2))
    engine.answer(an_answer(content=b"tree", messages=["unpacked"]), at=later(5))
    engine.answer(an_answer(run_seconds=1.5, worker_id="w-2"), at=later(9))
    finished = _finished()
    first, second = Trail.read(finished.trail).attempts
    assert _facts((first, second)) == [(1, 1, "unzip-worker", "SUCCESS"), (2, 2, "sip-worker", "SUCCESS")]
    assert (first.queue_time, first.run_time, first.message) == (2000, 3000, "unpacked")
    assert (second.queue_time, second.run_time, second.worker_id) == (2500, 1500, "w-2")
    assert (finished.attempts, finished.worker_id) == (2, "w-2")


@pytest.mark.parametrize("status", ["ERROR", "INVALID_CONTENT"])
def test_it_notes_how_it_failed(engine: Engine, status: str) -> None:
    a_dispatched_request(engine)
    engine.answer(an_answer(status, messages=["disk full", "again"]), at=later(1))
    (attempt,) = _trail()
    assert (attempt.outcome, attempt.message, attempt.ended_at) == (status, "disk full,again", later(1))


def test_it_remembers_the_priority(engine: Engine) -> None:
    a_worker_type(a_tenant())
    live_workers("unzip-worker")
    engine.submit(a_submission(priority=7))
    engine.answer(an_answer())
    assert _finished().priority == 7


def test_it_remembers_failures_that_are_not_kept(engine: Engine) -> None:
    a_dispatched_request(engine, keep_errors=False)
    engine.answer(an_answer("ERROR", messages=["disk full"]))
    assert _facts(Trail.read(_finished().trail).attempts) == [(0, 1, "unzip-worker", "ERROR")]


def test_it_takes_a_success_without_the_content_that_is_needed_for_a_failure(engine: Engine) -> None:
    a_dispatched_workflow(engine)
    engine.answer(an_answer(content=None))
    (attempt,) = _trail()
    assert (attempt.outcome, "did not return any content" in (attempt.message or "")) == ("ERROR", True)


def test_it_notes_that_a_worker_was_lost(engine: Engine) -> None:
    a_dispatched_request(engine)
    engine.answer(an_answer("REDELIVERED"), at=later(1))
    assert _facts(_trail()) == [(0, 1, "unzip-worker", "LOST"), (0, 2, "unzip-worker", None)]
    assert _trail()[0].message == "the worker that had the request was lost"


def test_it_notes_that_a_worker_asked_for_later(engine: Engine) -> None:
    a_dispatched_request(engine)
    engine.answer(an_answer("RETRY_LATER", retry_after=10, messages=["tape is busy"]), at=later(1))
    (attempt,) = _trail()
    assert (attempt.outcome, attempt.message, attempt.ended_at) == ("POSTPONED", "tape is busy", later(1))
    engine.redispatch(at=later(11))
    assert _facts(_trail())[1:] == [(0, 2, "unzip-worker", None)]


def test_it_notes_that_its_message_came_back_dead(engine: Engine) -> None:
    a_dispatched_request(engine)
    engine.bury(a_dead_letter(error="it broke"), at=later(1))
    (attempt,) = _trail()
    assert (attempt.outcome, attempt.message) == ("DEAD_LETTER", "it broke")


def test_a_second_end_of_the_same_attempt_is_none(engine: Engine) -> None:
    a_dispatched_request(engine)
    engine.answer(an_answer("ERROR"))
    engine.bury(a_dead_letter())
    assert _facts(_trail()) == [(0, 1, "unzip-worker", "ERROR")]


@pytest.mark.parametrize(
    ("said", "silent", "heard", "outcome"),
    [
        ([], 301, "w-1", "QUEUE_TIMEOUT"),
        (["RUNNING"], 1001, "w-1", "RUN_TIMEOUT"),
        (["RUNNING"], 100, "w-2", "LOST"),
    ],
)
def test_it_notes_why_it_was_rescued(
    engine: Engine, settings: Settings, said: list[str], silent: int, heard: str, outcome: str
) -> None:
    settings.QUEUE_TIMEOUT, settings.RUN_TIMEOUT, settings.HEARTBEAT_EXPIRY = 300, 1000, 60
    a_dispatched_request(engine)
    engine.answer(*(an_answer(status, worker_id="w-1") for status in said))
    live_workers("unzip-worker", worker_id=heard, at=later(silent), since=AT)
    assert engine.rescue(at=later(silent)) == 1
    assert [one.outcome for one in _trail()] == [outcome, None]


def test_it_goes_on_over_a_retry(engine: Engine, office: Office) -> None:
    a_dispatched_request(engine)
    engine.answer(an_answer("ERROR"))
    retry(office, the_request().tenant)
    assert _facts(_trail()) == [(0, 1, "unzip-worker", "ERROR"), (0, 2, "unzip-worker", None)]


def test_it_is_remembered_of_what_was_deleted(engine: Engine, office: Office) -> None:
    a_dispatched_request(engine)
    engine.answer(an_answer("ERROR"))
    delete(office, the_request().tenant)
    assert _facts(Trail.read(_finished().trail).attempts) == [(0, 1, "unzip-worker", "ERROR")]


def test_it_keeps_the_first_and_the_last_of_many_attempts(engine: Engine, settings: Settings) -> None:
    settings.TRAIL_ATTEMPTS, settings.MAX_LOST_ATTEMPTS = 2, 1000
    a_dispatched_request(engine)
    for _ in range(10):
        engine.answer(an_answer("REDELIVERED"))
    assert [one.attempt for one in _trail()] == [1, 2, 10, 11]
    assert Trail.read(the_request().trail).left_out == {0: 7}


def test_it_takes_up_requests_whose_dispatch_an_older_release_did_not_note(engine: Engine) -> None:
    a_dispatched_request(engine)
    every(Request).update(trail="")
    engine.answer(an_answer("RUNNING", worker_id="w-1"))
    engine.answer(an_answer("REDELIVERED"))
    assert _facts(_trail()) == [(0, 2, "unzip-worker", None)]


def test_it_stores_the_name_of_any_instance(engine: Engine) -> None:
    a_dispatched_request(engine)
    engine.answer(an_answer("RUNNING", worker_id="w\0" + "x" * 300))
    assert the_request().worker_id == "w" + "x" * 254


def test_requests_without_a_trail_are_read_as_those_without_attempts() -> None:
    requests(a_tenant(), "r-1")
    assert _trail() == ()
