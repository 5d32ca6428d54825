"""``GET /jobs``: operators follow the orders that they gave."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from pytest_django import Settings

from regards_processing.kernel.auth.roles import Role
from regards_processing.kernel.jobs.models import Job
from regards_processing.kernel.jobs.states import JobState
from tests.factories.messages import submissions
from tests.factories.rest import client_as
from tests.factories.worker_manager import AT, a_tenant, later
from tests.fakes.engine import Engine, committing
from tests.fakes.jobs_office import Office
from tests.fakes.operators import give_cancellation, give_deletion, give_retry, including
from worker_manager.events.session_deleted import SessionsDeleted
from worker_manager.request_filter import RequestFilter
from worker_manager.services import session_deletion

pytestmark = pytest.mark.django_db

_HERE = "/api/v1/rs-worker-manager"
_FILTER: dict[str, Any] = {
    "source": "acm",
    "statuses": {"values": ["NO_WORKER_AVAILABLE"], "mode": "INCLUDE"},
    "requestId": "r-1",
    "requestIds": {"values": ["r-"], "mode": "INCLUDE", "matchMode": "STARTS_WITH", "ignoreCase": True},
    "ids": {"values": [0], "mode": "EXCLUDE"},
    "creationDate": {"after": "2025-05-01T00:00:00Z"},
}


def _get(path: str, *, role: str = Role.EXPLOIT, tenant: str = "demo") -> Any:
    return client_as(role, tenant=tenant).get(f"{_HERE}/{path}")


def _listed(query: str = "", *, tenant: str = "demo") -> list[str]:
    answer = _get(f"jobs{query}", tenant=tenant)
    assert answer.status_code == 200, answer.content
    return [entity["content"]["id"] for entity in answer.json()["content"]]


def _shown(job: Job) -> dict[str, Any]:
    answer = _get(f"jobs/{job.pk}")
    assert answer.status_code == 200, answer.content
    content: dict[str, Any] = answer.json()["content"]
    return content


def test_the_answer_to_an_order_leads_to_its_progress(
    engine: Engine, office: Office, settings: Settings
) -> None:
    settings.SWEEP_PAGE, settings.JOB_SLICE = 2, 0
    a_tenant()
    engine.submit(*submissions(3))
    client = client_as(Role.EXPLOIT, tenant="demo", login="ada")
    with committing(execute=True):
        address = client.post(f"{_HERE}/requests/retry", {}, format="json").headers["Location"]
    ordered = client.get(address).json()["content"]
    assert (ordered["kind"], ordered["state"], ordered["askedBy"]) == ("requests.retry", "QUEUED", "ada")
    assert (ordered["done"], ordered["outcome"], "total" in ordered) == (0, {}, False)
    office.run(office.sender.sent.pop())
    half = client.get(address).json()["content"]
    assert (half["state"], half["done"], half["total"]) == ("QUEUED", 2, 3)
    office.run_sent()
    ended = client.get(address).json()["content"]
    assert (ended["state"], ended["done"], ended["total"]) == ("SUCCEEDED", 3, 3)
    assert ended["outcome"] == {"waiting": 3}


def test_it_shows_an_order(office: Office) -> None:
    job = give_retry(a_tenant())
    office.run_sent()
    Job.objects.of_any_tenant().update(started_at=later(1), finished_at=later(2))
    assert _get(f"jobs/{job.pk}").json() == {
        "content": {
            "id": str(job.pk),
            "kind": "requests.retry",
            "state": "SUCCEEDED",
            "filter": {},
            "start": "failed",
            "askedBy": "ada",
            "origin": "REST",
            "creationDate": "2025-06-01T12:00:00Z",
            "startDate": "2025-06-01T12:00:01Z",
            "endDate": "2025-06-01T12:00:02Z",
            "done": 0,
            "total": 0,
            "outcome": {},
        },
        "links": [{"rel": "self", "href": f"http://testserver{_HERE}/jobs/{job.pk}"}],
    }


@pytest.mark.usefixtures("office")
def test_it_shows_the_filter_as_it_was_written() -> None:
    a_tenant()
    client = client_as(Role.ADMIN, tenant="demo")
    with committing(execute=True):
        address = client.delete(f"{_HERE}/requests/delete", _FILTER, format="json").headers["Location"]
    shown = client.get(address).json()["content"]
    assert (shown["filter"], "start" in shown) == (_FILTER, False)


@pytest.mark.usefixtures("office")
def test_it_says_why_an_order_was_not_carried_out() -> None:
    job = give_cancellation(a_tenant())
    Job.objects.of_any_tenant().update(
        state=JobState.ABORTED, message="Cancelled before it ran", cancelled_by="bob"
    )
    shown = _shown(job)
    assert (shown["state"], shown["message"], shown["cancelledBy"]) == (
        "ABORTED",
        "Cancelled before it ran",
        "bob",
    )


@pytest.mark.usefixtures("office")
def test_it_shows_what_deleted_sessions_ordered() -> None:
    a_tenant()
    with committing(execute=True):
        deleted = SessionsDeleted(tenant="demo", source="acme", session="2025-06")
        session_deletion.order_deletions(deletions=[deleted], at=AT)
    shown = _shown(Job.objects.of_any_tenant().get())
    assert (shown["kind"], shown["origin"]) == ("sessions.delete", "MESSAGE")
    assert shown["filter"] == {"source": "acme", "session": "2025-06"}


@pytest.mark.usefixtures("office")
def test_it_lists_orders_newest_first_and_page_by_page() -> None:
    tenant = a_tenant()
    jobs = [give_retry(tenant), give_deletion(tenant, RequestFilter(ids=including(1))), give_retry(tenant)]
    for number, job in enumerate(jobs):
        Job.objects.for_tenant(tenant).filter(pk=job.pk).update(created_at=AT + timedelta(seconds=number))
    first, second, third = (str(job.pk) for job in jobs)
    assert _listed() == [third, second, first]
    assert _listed("?sort=creationDate") == [first, second, third]
    assert _listed("?sort=kind&sort=creationDate") == [second, first, third]
    assert _listed("?size=2&page=1") == [first]
    page = _get("jobs?size=2").json()
    assert page["metadata"] == {"size": 2, "totalElements": 3, "totalPages": 2, "number": 0}
    assert [link["rel"] for link in page["links"]] == ["self", "next", "last"]


def test_it_refuses_another_order() -> None:
    a_tenant()
    answer = _get("jobs?sort=done")
    told = "Parameter sort=done is refused: one of creationDate, endDate, kind, state is expected"
    assert (answer.status_code, answer.json()) == (400, {"messages": [told]})


@pytest.mark.usefixtures("office")
def test_it_shows_those_of_the_callers_tenant_only() -> None:
    theirs = give_retry(a_tenant(name="other"))
    ours = give_retry(a_tenant())
    assert _listed() == [str(ours.pk)]
    answer = _get(f"jobs/{theirs.pk}", role=Role.PROJECT_ADMIN)
    assert (answer.status_code, answer.json()) == (404, {"messages": [f"There is no job {theirs.pk}"]})


def test_it_shows_orders_about_requests_only(office: Office) -> None:
    other = office.submit(a_tenant())
    assert _listed() == []
    assert _get(f"jobs/{other}").status_code == 404


def test_it_tells_what_is_no_id_from_what_is_not_there() -> None:
    a_tenant()
    answer = _get("jobs/r-17")
    told = "Parameter jobId=r-17 is refused: a UUID is expected"
    assert (answer.status_code, answer.json()) == (400, {"messages": [told]})
    assert _get(f"jobs/{uuid4()}").status_code == 404


@pytest.mark.parametrize("role", [Role.PUBLIC, Role.REGISTERED_USER])
def test_it_is_not_for_everybody(role: str) -> None:
    a_tenant()
    assert _get("jobs", role=role).status_code == 403
    assert _get(f"jobs/{uuid4()}", role=role).status_code == 403
