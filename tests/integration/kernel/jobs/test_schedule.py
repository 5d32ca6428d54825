"""Tenants are served in turn; within one, the highest priority goes first."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from regards_processing.kernel.jobs.models import Job
from regards_processing.kernel.jobs.states import JobState
from regards_processing.kernel.tenancy.models import Tenant
from tests.factories.worker_manager import a_tenant, later
from tests.fakes.job_kinds import URGENT, Book
from tests.fakes.jobs_office import Office, state_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _limits(settings: Settings) -> None:
    settings.JOBS_PER_TENANT = 1
    settings.JOBS_AT_ONCE = 2


def test_it_does_not_let_one_tenant_starve_another(office: Office, settings: Settings) -> None:
    settings.JOBS_AT_ONCE, settings.JOB_SLICE = 1, 0
    greedy, modest = a_tenant(name="greedy"), a_tenant(name="modest")
    many = [office.submit(greedy, book=Book(pages=5), at=later(number)) for number in range(4)]
    one = office.submit(modest, book=Book(pages=2), at=later(99))
    ran = office.run_sent()
    assert ran[:4] == [many[0], one, many[0], one]
    assert len(ran) == 4 * 5 + 2


def test_it_takes_the_highest_priority_first(office: Office) -> None:
    tenant = a_tenant()
    running = office.submit(tenant)
    office.submit(tenant, at=later(1))
    urgent = office.submit(tenant, kind=URGENT, at=later(2))
    office.run(running)
    assert office.sender.sent == [running, urgent]


def test_it_does_not_let_priorities_cross_tenants(office: Office, settings: Settings) -> None:
    settings.JOBS_AT_ONCE = 1
    important, other = a_tenant(name="important"), a_tenant(name="other")
    first = office.submit(important, kind=URGENT)
    office.submit(important, kind=URGENT, at=later(1))
    patient = office.submit(other, at=later(2))
    office.run(first)
    assert office.sender.sent == [first, patient]


def test_it_keeps_to_the_limits(office: Office, settings: Settings) -> None:
    settings.JOBS_PER_TENANT, settings.JOBS_AT_ONCE = 2, 5
    for name in ("a", "b", "c"):
        tenant = a_tenant(name=name)
        for _ in range(3):
            office.submit(tenant)
    queued = Job.objects.of_any_tenant().in_state(JobState.QUEUED)
    assert sorted(queued.values_list("tenant__name", flat=True)) == ["a", "a", "b", "b", "c"]
    assert len(office.sender.sent) == 5


def test_it_lets_the_jobs_of_an_inactive_tenant_wait(office: Office) -> None:
    tenant = a_tenant(active=False)
    job_id = office.submit(tenant)
    assert state_of(job_id) == JobState.PENDING
    Tenant.objects.update(active=True)
    assert office.schedule() == 1


def test_it_goes_on_when_the_jobs_of_a_tenant_fail(office: Office) -> None:
    broken, sound = a_tenant(name="broken"), a_tenant(name="sound")
    torn = [office.submit(broken, book=Book(torn=1), at=later(number)) for number in range(3)]
    good = [office.submit(sound, book=Book(pages=1), at=later(number)) for number in range(3)]
    office.run_sent()
    assert {state_of(job_id) for job_id in torn} == {JobState.FAILED}
    assert {state_of(job_id) for job_id in good} == {JobState.SUCCEEDED}


def test_it_costs_the_same_statements_however_many_wait(office: Office, settings: Settings) -> None:
    settings.JOBS_AT_ONCE = 1
    counts = []
    for number in range(2):
        Job.objects.of_any_tenant().update(state=JobState.PENDING)
        for tenant in range(10 * number + 1):
            office.submit(a_tenant(name=f"{number}-{tenant}"))
        Job.objects.of_any_tenant().update(state=JobState.PENDING)
        with CaptureQueriesContext(connection) as captured:
            assert office.schedule() == 1
        counts.append(sum("SAVEPOINT" not in query["sql"] for query in captured.captured_queries))
    assert counts[0] == counts[1]
