"""Cancelling aborts what waits at once, and what runs after its page."""

from uuid import uuid4

import pytest
from pytest_django import Settings

from regards_processing.kernel.audit.models import AuditEntry
from regards_processing.kernel.jobs.services.cancellation import JobFinished
from regards_processing.kernel.jobs.services.lookup import NoSuchJob
from regards_processing.kernel.jobs.states import JobState
from tests.factories.worker_manager import AT, a_tenant
from tests.fakes.job_kinds import WRITE, Meanwhile, written
from tests.fakes.jobs_office import Office, state_of, the_job

pytestmark = pytest.mark.django_db


def test_it_aborts_a_pending_job_at_once(office: Office, settings: Settings) -> None:
    settings.JOBS_AT_ONCE = 1
    tenant = a_tenant()
    office.submit(tenant)
    job_id = office.submit(tenant)
    office.cancel(job_id)
    job = the_job(job_id)
    assert (job.state, job.finished_at, job.cancelled_by) == (JobState.ABORTED, AT, "ada")
    assert job.message == "Cancelled before it ran"


def test_it_aborts_a_queued_job_and_its_message_finds_nothing(office: Office) -> None:
    job_id = office.submit(a_tenant())
    office.cancel(job_id)
    assert office.run(job_id) is None
    assert (state_of(job_id), written()) == (JobState.ABORTED, [])


def test_it_stops_a_running_job_after_the_page_it_is_at(office: Office) -> None:
    job_id = office.submit(a_tenant())
    state = office.run(job_id, now=Meanwhile(lambda: office.cancel(job_id), done=2))
    job = the_job(job_id)
    assert (state, written()) == (JobState.ABORTED, [1, 2])
    assert (job.message, job.done) == ("Cancelled between two pages", 2)


def test_it_stops_a_job_between_two_slices(office: Office, settings: Settings) -> None:
    settings.JOB_SLICE = 0
    job_id = office.submit(a_tenant())
    office.run(job_id)
    office.cancel(job_id)
    office.run_sent()
    assert (state_of(job_id), written()) == (JobState.ABORTED, [1])


def test_it_lets_another_job_take_its_place(office: Office) -> None:
    tenant = a_tenant()
    first, second = office.submit(tenant), office.submit(tenant)
    office.cancel(first)
    assert office.sweep() == 1
    assert office.sender.sent == [first, second]


def test_it_records_who_cancelled(office: Office) -> None:
    job_id = office.submit(a_tenant())
    office.cancel(job_id)
    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.action, entry.target, entry.tenant) == (
        "ada",
        "job.cancelled",
        str(job_id),
        "demo",
    )
    assert entry.details == {"kind": WRITE, "state": "QUEUED"}


def test_it_cannot_cancel_what_is_over(office: Office) -> None:
    job_id = office.submit(a_tenant())
    office.run_sent()
    with pytest.raises(JobFinished, match="is SUCCEEDED: there is nothing to cancel"):
        office.cancel(job_id)


def test_it_does_not_know_jobs_that_are_not_there(office: Office) -> None:
    with pytest.raises(NoSuchJob):
        office.cancel(uuid4())
