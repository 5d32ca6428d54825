"""A job that was submitted is stored before anything else, and started when its turn comes."""

from uuid import uuid4

import pytest

from regards_processing.kernel.audit.models import AuditEntry
from regards_processing.kernel.correlation import correlated
from regards_processing.kernel.jobs.kinds import UnknownJobKind
from regards_processing.kernel.jobs.models import Job
from regards_processing.kernel.jobs.services.lookup import NoSuchJob
from regards_processing.kernel.jobs.services.submission import JobUnfinished, submit_job
from regards_processing.kernel.jobs.states import JobState
from tests.factories.worker_manager import AT, a_tenant, later
from tests.fakes.engine import committing
from tests.fakes.job_kinds import WRITE, Book
from tests.fakes.jobs_office import ADA, Office, state_of, the_job

pytestmark = pytest.mark.django_db


def test_it_says_who_asked_for_what(office: Office) -> None:
    tenant = a_tenant()
    with correlated("call-7"):
        job = the_job(office.submit(tenant, book=Book(pages=2)))
    assert (job.kind, job.tenant, job.priority, job.created_at) == (WRITE, tenant, 5, AT)
    assert (job.asked_by, job.origin, job.correlation_id) == ("ada", "REST", "call-7")
    assert job.parameters == {"pages": 2, "torn": None, "burning": None}


def test_it_starts_the_job_at_once_when_there_is_room(office: Office) -> None:
    job_id = office.submit(a_tenant())
    assert (office.sender.sent, state_of(job_id)) == ([job_id], JobState.QUEUED)


def test_it_starts_nothing_before_the_commit(office: Office) -> None:
    with committing(execute=False):
        job = submit_job(kind=WRITE, tenant=a_tenant(), parameters=Book(), actor=ADA, at=AT)
    assert (office.sender.sent, state_of(job.pk)) == ([], JobState.PENDING)


def test_it_keeps_the_job_for_the_sweep_while_the_broker_is_away(office: Office) -> None:
    office.sender.down = True
    job_id = office.submit(a_tenant())
    assert state_of(job_id) == JobState.PENDING
    office.sender.down = False
    assert office.sweep() == 1
    assert office.sender.sent == [job_id]


def test_it_takes_work_for_the_whole_platform(office: Office) -> None:
    job_id = office.submit(None)
    office.run_sent()
    assert state_of(job_id) == JobState.SUCCEEDED


def test_it_refuses_a_kind_that_nobody_declares(office: Office) -> None:
    with pytest.raises(UnknownJobKind, match=r"kind 'tests\.unknown'; known: .*tests\.write"):
        office.submit(a_tenant(), kind="tests.unknown")
    assert not Job.objects.of_any_tenant().exists()


def test_it_runs_a_finished_job_again(office: Office) -> None:
    first = office.submit(a_tenant(), book=Book(pages=2))
    office.run_sent()
    again = the_job(office.again(first))
    assert (again.parameters, again.state, again.done) == (the_job(first).parameters, JobState.QUEUED, 0)
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.target, entry.tenant) == ("job.run_again", str(first), "demo")
    assert entry.details == {"kind": WRITE, "job": str(again.pk)}


def test_it_does_not_run_a_job_twice_at_a_time(office: Office) -> None:
    job_id = office.submit(a_tenant())
    with pytest.raises(JobUnfinished):
        office.again(job_id)


def test_it_does_not_know_jobs_that_are_not_there(office: Office) -> None:
    with pytest.raises(NoSuchJob):
        office.again(uuid4())


def test_it_keeps_the_jobs_of_a_tenant_in_order_of_age(office: Office) -> None:
    tenant = a_tenant()
    jobs = [office.submit(tenant, at=later(second)) for second in (1, 2, 3)]
    assert list(dict.fromkeys(office.run_sent())) == jobs
