"""What was lost on the way is taken up again, and an old run can no longer write."""

import pytest
from pytest_django import Settings

from regards_processing.kernel.jobs.models import Job
from regards_processing.kernel.jobs.states import JobState
from tests.factories.worker_manager import a_tenant, later
from tests.fakes.job_kinds import Book, Meanwhile, written
from tests.fakes.jobs_office import Office, state_of, the_job

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _limits(settings: Settings) -> None:
    settings.JOB_START_TIMEOUT, settings.JOB_SILENCE, settings.JOB_MAX_LOST_ATTEMPTS = 60, 100, 3


def _lose_a_run(office: Office) -> Job:
    """Return a job whose worker died after its first page."""
    job_id = office.submit(a_tenant())
    office.run(job_id, now=Meanwhile(lambda: Job.objects.of_any_tenant().update(attempt=99), done=1))
    Job.objects.of_any_tenant().update(attempt=1)
    office.sender.sent.clear()
    return the_job(job_id)


def test_it_queues_a_job_again_that_nobody_started(office: Office) -> None:
    job_id = office.submit(a_tenant())
    assert office.sweep(at=later(60)) == 0
    assert office.sweep(at=later(61)) == 1
    assert office.sender.sent == [job_id, job_id]
    assert the_job(job_id).queued_at == later(61)


def test_it_takes_a_silent_job_up_again_where_it_was(office: Office) -> None:
    job = _lose_a_run(office)
    assert (job.state, written()) == (JobState.RUNNING, [1])
    assert office.sweep(at=later(100)) == 0
    assert office.sweep(at=later(101)) == 1
    assert the_job(job.pk).lost_attempts == 1
    assert office.run(job.pk) == JobState.SUCCEEDED
    assert (written(), the_job(job.pk).lost_attempts) == ([1, 2, 3], 0)


def test_it_refuses_what_a_run_still_writes_that_lost_its_job(office: Office) -> None:
    job_id = office.submit(a_tenant())
    assert office.run(job_id, now=Meanwhile(lambda: office.sweep(at=later(101)), done=1)) is None
    assert (state_of(job_id), written()) == (JobState.QUEUED, [1])


def test_it_refuses_an_old_run_while_the_new_one_is_at_work(office: Office) -> None:
    job_id = office.submit(a_tenant())

    def taken_over() -> None:
        office.sweep(at=later(101))
        office.run(job_id)

    assert office.run(job_id, now=Meanwhile(taken_over, done=1)) is None
    assert (state_of(job_id), written()) == (JobState.SUCCEEDED, [1, 2, 3])


def test_it_does_not_take_a_job_back_that_was_taken_at_the_end_of_a_slice(
    office: Office, settings: Settings
) -> None:
    settings.JOB_SLICE = 0
    job_id = office.submit(a_tenant())
    assert office.run(job_id, now=Meanwhile(lambda: office.sweep(at=later(101)), done=1)) is None
    assert (state_of(job_id), written()) == (JobState.QUEUED, [1])


def test_it_gives_up_a_job_that_is_lost_again_and_again_at_one_page(office: Office) -> None:
    job = _lose_a_run(office)
    Job.objects.of_any_tenant().update(lost_attempts=2)
    office.sweep(at=later(101))
    lost = the_job(job.pk)
    assert (lost.state, lost.lost_attempts, lost.finished_at) == (JobState.FAILED, 3, later(101))
    assert lost.message == "Given up: 3 runs were lost at the same page"


def test_it_counts_afresh_after_a_page(office: Office, settings: Settings) -> None:
    settings.JOB_SLICE = 0
    job_id = office.submit(a_tenant())
    Job.objects.of_any_tenant().update(lost_attempts=2)
    office.run(job_id)
    assert the_job(job_id).lost_attempts == 0


def test_it_aborts_a_silent_job_that_was_cancelled(office: Office) -> None:
    job = _lose_a_run(office)
    office.cancel(job.pk)
    assert office.sweep(at=later(101)) == 0
    assert state_of(job.pk) == JobState.ABORTED


def test_it_leaves_a_job_whose_pages_go_on(office: Office) -> None:
    job = _lose_a_run(office)
    Job.objects.of_any_tenant().update(beaten_at=later(50))
    office.sweep(at=later(149))
    assert state_of(job.pk) == JobState.RUNNING


def test_it_queues_again_what_the_broker_lost_only_once(office: Office) -> None:
    job_id = office.submit(a_tenant(), book=Book(pages=1))
    office.sweep(at=later(61))
    office.run_sent()
    assert (state_of(job_id), written()) == (JobState.SUCCEEDED, [1])
