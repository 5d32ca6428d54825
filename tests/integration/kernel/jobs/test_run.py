"""A job is done page by page, each in its own transaction, in slices of time."""

from uuid import uuid4

import pytest
from django.db import OperationalError
from pytest_django import Settings

from regards_processing.kernel import correlation
from regards_processing.kernel.jobs.models import Job
from regards_processing.kernel.jobs.states import JobState
from tests.factories.worker_manager import AT, a_tenant, later
from tests.fakes.job_kinds import Book, Meanwhile, TornPage, written
from tests.fakes.jobs_office import Office, state_of, the_job

pytestmark = pytest.mark.django_db


def test_it_does_every_page_and_tells_what_it_did(office: Office) -> None:
    job_id = office.submit(a_tenant(), book=Book(pages=3))
    assert office.run(job_id, now=lambda: later(5)) == JobState.SUCCEEDED
    job = the_job(job_id)
    assert written() == [1, 2, 3]
    assert (job.done, job.total, job.outcome) == (3, 3, {"written": 3})
    assert (job.queued_at, job.started_at, job.finished_at) == (AT, later(5), later(5))
    assert (job.attempt, job.message) == (1, None)


def test_it_does_nothing_when_the_message_comes_twice(office: Office) -> None:
    job_id = office.submit(a_tenant())
    office.run(job_id)
    assert office.run(job_id) is None
    assert (written(), the_job(job_id).attempt) == ([1, 2, 3], 1)


def test_it_does_nothing_when_the_message_comes_twice_at_a_time(office: Office) -> None:
    job_id = office.submit(a_tenant())
    seen: list[JobState | None] = []
    office.run(job_id, now=Meanwhile(lambda: seen.append(office.run(job_id)), done=1))
    assert (seen, written()) == ([None], [1, 2, 3])


def test_it_does_nothing_for_a_job_that_has_gone(office: Office) -> None:
    assert office.run(uuid4()) is None


def test_it_lets_others_have_a_turn_after_its_slice(office: Office, settings: Settings) -> None:
    settings.JOB_SLICE = 0
    job_id = office.submit(a_tenant())
    office.sender.sent.clear()
    assert office.run(job_id) == JobState.PENDING
    assert (written(), the_job(job_id).checkpoint) == ([1], {"written": 1})
    # It is at the end of the line already.
    assert (office.sender.sent, state_of(job_id)) == ([job_id], JobState.QUEUED)


def test_it_goes_on_where_it_was(office: Office, settings: Settings) -> None:
    settings.JOB_SLICE = 0
    job_id = office.submit(a_tenant())
    assert office.run_sent() == [job_id] * 3
    job = the_job(job_id)
    assert (written(), job.state, job.attempt, job.done) == ([1, 2, 3], JobState.SUCCEEDED, 3, 3)


def test_it_rolls_a_torn_page_back_and_keeps_those_before(office: Office) -> None:
    job_id = office.submit(a_tenant(), book=Book(pages=3, torn=2))
    with pytest.raises(TornPage):
        office.run(job_id)
    job = the_job(job_id)
    assert (written(), job.done, job.checkpoint) == ([1], 1, {"written": 1})
    assert (job.state, job.message, job.finished_at) == (JobState.FAILED, "The page is torn.", AT)


def test_it_says_of_which_class_an_unforeseen_failure_is(office: Office) -> None:
    job_id = office.submit(a_tenant(), book=Book(burning=1))
    with pytest.raises(ValueError, match="on fire"):
        office.run(job_id)
    assert the_job(job_id).message == "ValueError: page 1 is\N{REPLACEMENT CHARACTER}on fire"


def test_it_fails_a_job_whose_kind_is_gone(office: Office) -> None:
    job_id = office.submit(a_tenant())
    Job.objects.of_any_tenant().update(kind="tests.removed")
    office.run_sent()
    job = the_job(job_id)
    assert job.state == JobState.FAILED
    assert str(job.message).startswith("Nothing declares jobs of kind 'tests.removed'")


def test_it_fails_a_job_whose_parameters_no_longer_fit(office: Office) -> None:
    job_id = office.submit(a_tenant())
    Job.objects.of_any_tenant().update(parameters={"chapters": 3})
    with pytest.raises(TypeError):
        office.run(job_id)
    assert state_of(job_id) == JobState.FAILED


def test_it_leaves_the_job_to_the_sweep_when_the_database_goes_away(office: Office) -> None:
    job_id = office.submit(a_tenant())

    def break_down() -> None:
        raise OperationalError

    with pytest.raises(OperationalError):
        office.run(job_id, now=Meanwhile(break_down, done=1))
    assert (state_of(job_id), written()) == (JobState.RUNNING, [1])


def test_it_works_under_the_correlation_id_of_the_order(office: Office) -> None:
    with correlation.correlated("call-7"):
        job_id = office.submit(a_tenant())
    seen: list[str | None] = []
    office.run(job_id, now=Meanwhile(lambda: seen.append(correlation.current()), done=1))
    assert seen == ["call-7"]
