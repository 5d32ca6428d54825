"""The tasks call their services with the time of the clock, and the message of a job names the right one."""

from contextlib import closing
from datetime import timedelta
from uuid import uuid4

import pytest
from celery import Celery
from kombu import Connection, Queue
from kombu.simple import SimpleQueue
from pytest_django import Settings

from regards_processing.celery import app
from regards_processing.kernel import clock
from regards_processing.kernel.amqp.errors import BrokerUnavailable
from regards_processing.kernel.errors import DomainError
from regards_processing.kernel.jobs import port
from regards_processing.kernel.jobs.models import Job
from regards_processing.kernel.jobs.port import CelerySender
from regards_processing.kernel.jobs.states import JobState
from regards_processing.kernel.jobs.tasks import forget_finished_jobs, run_job, sweep_jobs
from tests.factories.worker_manager import a_tenant
from tests.fakes.engine import committing
from tests.fakes.job_kinds import written
from tests.fakes.jobs_office import Office, state_of
from tests.stack.wire import wire_to

pytestmark = pytest.mark.django_db


def test_it_plans_the_sweeps() -> None:
    app.loader.import_default_modules()
    planned = {entry["task"] for entry in app.conf.beat_schedule.values()}
    assert {sweep_jobs.name, forget_finished_jobs.name} <= planned
    assert run_job.name == port.RUN_JOB


def test_it_keeps_results_of_jobs_and_not_of_sweeps() -> None:
    sweeps = [entry for entry in app.conf.beat_schedule.values() if entry["task"] == sweep_jobs.name]
    assert [entry["options"]["ignore_result"] for entry in sweeps] == [True]
    assert not run_job.ignore_result


def test_it_tells_foreseen_failures_from_others() -> None:
    assert run_job.throws == (DomainError,)


def test_it_runs_a_job(office: Office) -> None:
    job_id = office.submit(a_tenant())
    with committing(execute=True):
        assert run_job(job_id=str(job_id), unknown_later="ignored") == JobState.SUCCEEDED
    assert written() == [1, 2, 3]


def test_it_takes_up_what_was_lost(office: Office) -> None:
    job_id = office.submit(a_tenant(), at=clock.now() - timedelta(days=1))
    with committing(execute=True):
        assert sweep_jobs() == 1
    assert office.sender.sent == [job_id, job_id]


def test_it_forgets_old_jobs(office: Office) -> None:
    office.submit(a_tenant())
    long_ago = clock.now() - timedelta(days=99)
    Job.objects.of_any_tenant().update(state=JobState.FAILED, finished_at=long_ago)
    assert forget_finished_jobs() == 1


def test_it_sends_the_id_of_the_job_and_nothing_else() -> None:
    job_id = uuid4()
    with app.connection_for_read() as connection, closing(_queue(connection)) as queue:
        queue.clear()
        CelerySender(app).send(job_id)
        message = queue.get(timeout=5)
        message.ack()
    assert (message.headers["task"], message.headers["id"]) == (run_job.name, str(job_id))
    assert message.payload[:2] == [[], {"job_id": str(job_id)}]


def test_it_says_that_the_broker_is_away(office: Office) -> None:
    job_id = office.submit(a_tenant())
    nobody_there = Celery(broker="amqp://guest:guest@127.0.0.1:1//", set_as_current=False)
    with pytest.raises(BrokerUnavailable):
        CelerySender(nobody_there).send(job_id)
    assert state_of(job_id) == JobState.QUEUED


@pytest.mark.rabbitmq
def test_it_does_not_wait_for_a_broker_that_takes_nothing(settings: Settings) -> None:
    with wire_to(settings.BROKER_URL) as wire:
        held_back = Celery(broker=wire.url, set_as_current=False)
        held_back.conf.update(
            broker_transport_options=app.conf.broker_transport_options,
            task_default_queue=app.conf.task_default_queue,
        )
        sender = CelerySender(held_back, patience=0.3)
        sender.send(uuid4())
        wire.block()
        for _ in range(2):
            with pytest.raises(BrokerUnavailable):
                sender.send(uuid4())
        wire.unblock()
        sender.send(uuid4())
        held_back.close()


@pytest.mark.rabbitmq
def test_it_says_that_the_broker_gives_a_job_back(settings: Settings) -> None:
    full = Queue("test.full", queue_arguments={"x-max-length": 0, "x-overflow": "reject-publish"})
    crowded = Celery(broker=settings.BROKER_URL, set_as_current=False)
    crowded.conf.update(
        broker_transport_options=app.conf.broker_transport_options,
        task_queues=[full],
        task_default_queue=full.name,
    )
    for _ in range(2):
        with pytest.raises(BrokerUnavailable, match="MessageNacked"):
            CelerySender(crowded).send(uuid4())
    with crowded.connection_for_write() as connection:
        full(connection).delete()
    crowded.close()


def _queue(connection: Connection) -> SimpleQueue:
    return connection.SimpleQueue(app.conf.task_default_queue)
