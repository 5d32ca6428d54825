"""Several processes at once: two real connections, one of which has not committed yet."""

import pytest
from pytest_django import Settings

from regards_processing.kernel.jobs.services.rescue import sweep_jobs
from regards_processing.kernel.jobs.services.scheduling import schedule_jobs
from regards_processing.kernel.jobs.states import JobState
from tests.factories.worker_manager import AT, a_tenant, later
from tests.fakes.job_kinds import written
from tests.fakes.jobs_office import Office, state_of
from tests.fakes.other_process import while_uncommitted

pytestmark = pytest.mark.django_db(transaction=True)


def test_it_queues_a_job_once_and_keeps_to_the_limits(office: Office, settings: Settings) -> None:
    settings.JOBS_AT_ONCE = 1
    office.sender.down = True
    first, second = office.submit(a_tenant()), office.submit(a_tenant(name="other"), at=later(1))
    office.sender.down = False
    with while_uncommitted(lambda: schedule_jobs(at=AT)) as other:
        mine = schedule_jobs(at=AT)
    assert (mine, other.result()) == (1, 0)
    assert office.sender.sent == [first]
    assert (state_of(first), state_of(second)) == (JobState.QUEUED, JobState.PENDING)


def test_it_lets_one_of_two_workers_run_a_job(office: Office) -> None:
    job_id = office.submit(a_tenant())
    with while_uncommitted(lambda: office.run(job_id)) as other:
        mine = office.run(job_id)
    assert (mine, other.result()) == (JobState.SUCCEEDED, None)
    assert written() == [1, 2, 3]


def test_it_does_not_run_what_is_being_cancelled(office: Office) -> None:
    job_id = office.submit(a_tenant())
    with while_uncommitted(lambda: office.run(job_id)) as other:
        office.cancel(job_id)
    assert (other.result(), state_of(job_id), written()) == (None, JobState.ABORTED, [])


def test_it_takes_a_lost_job_up_once(office: Office) -> None:
    job_id = office.submit(a_tenant())
    with while_uncommitted(lambda: sweep_jobs(at=later(99))) as other:
        mine = sweep_jobs(at=later(99))
    assert (mine, other.result()) == (1, 0)
    assert office.sender.sent == [job_id, job_id]
