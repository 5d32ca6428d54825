"""Finished jobs are forgotten in time, the successful ones sooner."""

from datetime import timedelta

import pytest
from pytest_django import Settings

from regards_processing.kernel.jobs.models import Job
from regards_processing.kernel.jobs.services.retention import forget_finished_jobs
from regards_processing.kernel.jobs.states import JobState
from tests.factories.worker_manager import AT, a_tenant
from tests.fakes.jobs_office import Office

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _limits(settings: Settings) -> None:
    settings.JOB_SUCCEEDED_KEPT, settings.JOB_FAILED_KEPT = 86_400, 30 * 86_400


def _forgotten(office: Office, *, state: JobState, days: float) -> int:
    office.submit(a_tenant())
    Job.objects.of_any_tenant().update(state=state, finished_at=AT - timedelta(days=days))
    return forget_finished_jobs(at=AT)


@pytest.mark.parametrize(
    ("state", "days", "expected"),
    [
        (JobState.SUCCEEDED, 0.9, 0),
        (JobState.SUCCEEDED, 1.1, 1),
        (JobState.FAILED, 29, 0),
        (JobState.FAILED, 31, 1),
        (JobState.ABORTED, 29, 0),
        (JobState.ABORTED, 31, 1),
        (JobState.RUNNING, 99, 0),
    ],
)
def test_it_forgets_what_is_old(office: Office, state: JobState, days: float, expected: int) -> None:
    assert _forgotten(office, state=state, days=days) == expected


def test_it_goes_on_piece_by_piece(office: Office, settings: Settings) -> None:
    settings.SWEEP_PAGE = 2
    tenant = a_tenant()
    for _ in range(5):
        office.submit(tenant)
    long_ago = AT - timedelta(days=99)
    Job.objects.of_any_tenant().update(state=JobState.FAILED, finished_at=long_ago)
    assert forget_finished_jobs(at=AT) == 5
