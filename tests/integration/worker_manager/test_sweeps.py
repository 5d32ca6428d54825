"""The periodic tasks call their services, with the time of the clock."""

from datetime import timedelta

import pytest
from pytest_django import Settings

from regards_processing.celery import app
from regards_processing.kernel import clock
from regards_processing.kernel.tasks import relay_outbox
from tests.factories.messages import a_submission, an_answer
from tests.factories.rows import every
from tests.factories.worker_manager import a_tenant, a_worker_type, live_workers, the_request
from tests.fakes.engine import Engine, committing
from worker_manager.models import FinishedRequest, WorkerInstance
from worker_manager.states import RequestStatus
from worker_manager.tasks import forget_the_past, redispatch_waiting_requests, rescue_silent_requests

pytestmark = pytest.mark.django_db


def test_it_runs_every_sweep_that_is_planned() -> None:
    app.loader.import_default_modules()
    planned = {entry["task"] for entry in app.conf.beat_schedule.values()}
    sweeps = {redispatch_waiting_requests, rescue_silent_requests, forget_the_past, relay_outbox}
    assert planned >= {sweep.name for sweep in sweeps}
    assert planned <= set(app.tasks)


def test_it_takes_up_waiting_requests(engine: Engine) -> None:
    a_worker_type(a_tenant())
    engine.submit(a_submission())
    live_workers("unzip-worker", at=clock.now())
    with committing(execute=True):
        assert redispatch_waiting_requests(unknown_later="ignored") == 1
    assert engine.states()[-1] == ("r-1", "GRANTED")


def test_it_rescues_silent_requests(engine: Engine, settings: Settings) -> None:
    settings.QUEUE_TIMEOUT = 60
    a_worker_type(a_tenant())
    long_ago = clock.now() - timedelta(seconds=61)
    live_workers("unzip-worker", at=long_ago)
    engine.submit(a_submission(), at=long_ago)
    with committing(execute=True):
        assert rescue_silent_requests() == 1
    assert the_request().status == RequestStatus.NO_WORKER_AVAILABLE


def test_it_forgets_dead_workers_and_finished_requests(engine: Engine) -> None:
    long_ago = clock.now() - timedelta(days=40)
    a_worker_type(a_tenant())
    live_workers("unzip-worker", at=long_ago)
    engine.submit(a_submission(), at=long_ago)
    engine.answer(an_answer(), at=long_ago)
    assert forget_the_past() == 2
    assert not every(FinishedRequest).exists()
    assert not WorkerInstance.objects.exists()
