"""The watchdog opens new attempts where no answer will come."""

import pytest
from pytest_django import Settings

from regards_processing.kernel.tenancy.models import Tenant
from tests.factories.messages import a_beat, an_answer
from tests.factories.scenes import a_dispatched_request, a_dispatched_workflow
from tests.factories.worker_manager import AT, later, live_workers, the_request
from tests.fakes.engine import Engine
from worker_manager.models import WorkerInstance
from worker_manager.states import RequestStatus

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _limits(settings: Settings) -> None:
    settings.QUEUE_TIMEOUT = 300
    settings.RUN_TIMEOUT = 1000
    settings.HEARTBEAT_EXPIRY = 60


def _keep_alive(*, seconds: float) -> None:
    WorkerInstance.objects.update(beaten_at=later(seconds))


def test_it_leaves_a_request_in_its_queue_until_the_time_out(engine: Engine) -> None:
    a_dispatched_request(engine)
    assert engine.rescue(at=later(300)) == 0


def test_it_dispatches_again_what_nobody_took_in_time(engine: Engine) -> None:
    request = a_dispatched_request(engine)
    _keep_alive(seconds=301)
    assert engine.rescue(at=later(301)) == 1
    assert [sent.message_id for sent in engine.dispatches()] == [f"{request.pk}:0:2"]
    assert the_request().error == "no worker answered within 300 s"


def test_it_leaves_requests_of_a_sleeping_tenant_until_it_wakes(engine: Engine) -> None:
    a_dispatched_request(engine)
    _keep_alive(seconds=301)
    Tenant.objects.update(active=False)
    assert engine.rescue(at=later(301)) == 0
    Tenant.objects.update(active=True)
    assert engine.rescue(at=later(301)) == 1


def test_it_opens_a_new_attempt_for_a_run_without_a_sign(engine: Engine) -> None:
    a_dispatched_request(engine)
    engine.answer(an_answer("RUNNING"))
    _keep_alive(seconds=1001)
    assert engine.rescue(at=later(1000)) == 0
    assert engine.rescue(at=later(1001)) == 1
    assert the_request().attempt == 2


def test_it_counts_a_sign_of_life(engine: Engine) -> None:
    a_dispatched_request(engine)
    engine.answer(an_answer("RUNNING"))
    engine.answer(an_answer("RUNNING"), at=later(900))
    assert engine.rescue(at=later(1001)) == 0


def test_it_takes_a_run_away_from_an_instance_that_died(engine: Engine) -> None:
    a_dispatched_request(engine)
    engine.answer(an_answer("RUNNING", worker_id="unzip-worker-raw"))
    live_workers("unzip-worker", worker_id="another", at=later(61), since=AT)
    assert engine.rescue(at=later(61)) == 1
    assert (the_request().status, the_request().worker_id) == (RequestStatus.DISPATCHED, None)


def _beat(engine: Engine, worker_id: str, *seconds: float) -> None:
    for second in seconds:
        engine.beat(a_beat(worker_id=worker_id, beaten_at=later(second)), at=later(second))


def _run_on_b(engine: Engine) -> None:
    """Have ``r-1`` run on one of two instances that are heard, every 15 s, until 30 s later."""
    a_dispatched_request(engine)
    engine.answer(an_answer("RUNNING", worker_id="b"))
    _beat(engine, "a", 0, 15, 30)
    _beat(engine, "b", -1, 14, 29)


def test_it_leaves_a_run_to_an_instance_that_was_not_heard_since_managers_were_deaf(engine: Engine) -> None:
    _run_on_b(engine)
    _beat(engine, "a", 150)
    assert engine.rescue(at=later(151)) == 0
    _beat(engine, "b", 160)
    _beat(engine, "a", 165, 180, 195, 210)
    assert engine.rescue(at=later(211)) == 0
    assert engine.answer(an_answer(), at=later(211)) == []
    assert engine.states() == [("r-1", "SUCCESS")]


def test_it_takes_a_run_away_from_an_instance_that_died_while_managers_were_deaf(engine: Engine) -> None:
    _run_on_b(engine)
    _beat(engine, "a", 150, 165, 180, 195, 210)
    assert engine.rescue(at=later(210)) == 0
    assert engine.rescue(at=later(210.1)) == 1


def test_it_leaves_a_run_to_its_instance_while_managers_become_deaf(engine: Engine) -> None:
    _run_on_b(engine)
    _beat(engine, "a", 44)
    # The one that beat last is alive still, the other one is not; both are heard no more.
    assert [engine.rescue(at=later(second)) for second in (74, 89.5, 95, 103, 110)] == [0] * 5


def test_it_leaves_a_run_to_an_instance_that_lives(engine: Engine) -> None:
    a_dispatched_request(engine)
    engine.answer(an_answer("RUNNING", worker_id="unzip-worker-raw"))
    _keep_alive(seconds=61)
    assert engine.rescue(at=later(100)) == 0


def test_it_does_not_guess_about_workers_that_give_no_name(engine: Engine) -> None:
    a_dispatched_request(engine)
    engine.answer(an_answer("RUNNING"))
    assert engine.rescue(at=later(999)) == 0


def test_it_lets_the_request_wait_when_nobody_is_left(engine: Engine) -> None:
    a_dispatched_request(engine)
    assert engine.rescue(at=later(301)) == 1
    assert engine.states() == [("r-1", "DELAYED")]


def test_it_gives_up_after_the_maximum(engine: Engine, settings: Settings) -> None:
    settings.MAX_LOST_ATTEMPTS = 1
    a_dispatched_request(engine)
    assert engine.rescue(at=later(301)) == 1
    assert the_request().status == RequestStatus.ERROR
    assert engine.states() == [("r-1", "ERROR")]


def test_it_starts_the_count_afresh_at_the_next_step(engine: Engine) -> None:
    a_dispatched_workflow(engine)
    engine.answer(an_answer("REDELIVERED"))
    assert the_request().lost_attempts == 1
    engine.answer(an_answer("SUCCESS", content=b"{}"))
    assert the_request().lost_attempts == 0
