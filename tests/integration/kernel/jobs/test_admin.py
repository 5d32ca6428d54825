"""Operators see every job in the admin, cancel it and run it again."""

from datetime import timedelta
from uuid import UUID

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django_celery_results.models import GroupResult, TaskResult
from pytest_django import Settings

from regards_processing.kernel.jobs.models import Job
from regards_processing.kernel.jobs.states import JobState
from tests.factories.worker_manager import AT, a_tenant
from tests.fakes.job_kinds import Book
from tests.fakes.jobs_office import Office, state_of

pytestmark = pytest.mark.django_db

_LIST = "/admin/jobs/job/"
_RESULTS = "/admin/django_celery_results/taskresult/"


def _act(client: Client, action: str, *job_ids: UUID) -> str:
    chosen = [str(job_id) for job_id in job_ids]
    page = client.post(_LIST, {"action": action, "_selected_action": chosen}, follow=True)
    return page.content.decode()


def _staff(client: Client, *permissions: str) -> None:
    user = User.objects.create_user("operator", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client.force_login(user)


def test_it_shows_how_far_a_job_is(office: Office, admin_client: Client, settings: Settings) -> None:
    settings.JOB_SLICE = 0
    job_id = office.submit(a_tenant(), book=Book(pages=3))
    office.run(job_id)
    page = admin_client.get(_LIST).content.decode()
    assert '<progress value="1" max="3"></progress> 1/3' in page
    assert ["ada" in page, "demo" in page, "written 1" in page] == [True, True, True]


def test_it_shows_a_job_that_does_not_know_yet_how_much_there_is(
    office: Office, admin_client: Client
) -> None:
    office.submit(a_tenant())
    assert '<td class="field-progress">0</td>' in admin_client.get(_LIST).content.decode()


def test_it_tells_durations_as_people_read_them(office: Office, admin_client: Client) -> None:
    job_id = office.submit(a_tenant())
    assert '<td class="field-duration">-</td>' in admin_client.get(_LIST).content.decode()
    Job.objects.of_any_tenant().filter(pk=job_id).update(
        started_at=AT, finished_at=AT + timedelta(minutes=3, seconds=12)
    )
    assert '<td class="field-duration">3 min 12 s</td>' in admin_client.get(_LIST).content.decode()


@pytest.mark.parametrize("query", ["state=QUEUED", "kind=tests.write", "q=ada", "origin=REST", "o=6"])
def test_it_filters_searches_and_sorts(office: Office, admin_client: Client, query: str) -> None:
    office.submit(a_tenant())
    page = admin_client.get(f"{_LIST}?{query}")
    assert (page.status_code, "1 job" in page.content.decode()) == (200, True)


def test_it_finds_a_job_by_its_id(office: Office, admin_client: Client) -> None:
    tenant = a_tenant()
    job_id = office.submit(tenant)
    office.submit(tenant)
    assert "1 job" in admin_client.get(f"{_LIST}?q={job_id}").content.decode()


def test_it_costs_the_same_statements_however_long_the_list(office: Office, admin_client: Client) -> None:
    counts: list[int] = []
    for _ in range(2):
        for number in range(5):
            office.submit(a_tenant(name=f"{len(counts)}-{number}"))
        with CaptureQueriesContext(connection) as captured:
            admin_client.get(_LIST)
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_it_shows_a_job_in_full(office: Office, admin_client: Client) -> None:
    job_id = office.submit(a_tenant(), book=Book(burning=1))
    office.run_sent()
    page = admin_client.get(f"{_LIST}{job_id}/change/").content.decode()
    assert "on fire" in page
    assert "&quot;burning&quot;: 1" in page
    assert "none yet" in page


def test_it_links_what_celery_keeps(office: Office, admin_client: Client) -> None:
    job_id = office.submit(a_tenant())
    result = TaskResult.objects.create(task_id=str(job_id), status="FAILURE", worker="jobs-1")
    page = admin_client.get(f"{_LIST}{job_id}/change/").content.decode()
    assert f'<a href="{_RESULTS}{result.pk}/change/">FAILURE by jobs-1</a>' in page


def test_it_cancels_the_chosen_jobs_and_says_which_it_could_not(office: Office, admin_client: Client) -> None:
    finished, waiting = office.submit(a_tenant(), book=Book(pages=1)), office.submit(a_tenant(name="other"))
    office.run(finished)
    page = _act(admin_client, "cancel", finished, waiting)
    assert state_of(waiting) == JobState.ABORTED
    assert "Cancelled: 1" in page
    assert f"Job {finished} is SUCCEEDED: there is nothing to cancel" in page


def test_it_runs_the_chosen_jobs_again(office: Office, admin_client: Client) -> None:
    job_id = office.submit(a_tenant())
    office.run(job_id)
    assert "Submitted again: 1" in _act(admin_client, "run_again", job_id)
    again = Job.objects.of_any_tenant().exclude(pk=job_id).get()
    assert (again.asked_by, again.origin) == ("admin", "ADMIN")


@pytest.mark.parametrize(
    ("permissions", "state"),
    [(["view_job"], JobState.QUEUED), (["view_job", "change_job"], JobState.ABORTED)],
)
def test_it_asks_for_the_permission_to_cancel(
    office: Office, client: Client, permissions: list[str], state: JobState
) -> None:
    _staff(client, *permissions)
    job_id = office.submit(a_tenant())
    _act(client, "cancel", job_id)
    assert state_of(job_id) == state


def test_it_lets_nobody_add_change_or_delete(office: Office, admin_client: Client) -> None:
    job_id = office.submit(a_tenant())
    addresses = [f"{_LIST}add/", f"{_LIST}{job_id}/change/", f"{_LIST}{job_id}/delete/"]
    assert [admin_client.post(address, {"post": "yes"}).status_code for address in addresses] == [403] * 3


@pytest.mark.parametrize("model", ["taskresult", "groupresult"])
def test_it_lets_nobody_touch_what_celery_keeps(admin_client: Client, model: str) -> None:
    kept = {
        "taskresult": TaskResult.objects.create(task_id="t-1").pk,
        "groupresult": GroupResult.objects.create(group_id="g-1").pk,
    }
    listed = f"/admin/django_celery_results/{model}/"
    one = f"{listed}{kept[model]}/"
    assert [admin_client.get(listed).status_code, admin_client.get(f"{one}change/").status_code] == [200, 200]
    addresses = [f"{listed}add/", f"{one}change/", f"{one}delete/"]
    assert [admin_client.post(address, {"post": "yes"}).status_code for address in addresses] == [403] * 3
