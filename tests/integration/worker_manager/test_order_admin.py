"""Orders in the admin: the count first, and only then the order."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from regards_processing.kernel.audit.models import AuditEntry
from regards_processing.kernel.jobs.models import Job
from tests.factories.messages import submissions
from tests.factories.rows import every
from tests.factories.worker_manager import a_tenant, the_request
from tests.fakes.engine import Engine
from worker_manager.models import Request

pytestmark = pytest.mark.django_db

_LIST = "/admin/worker_manager/request/"
_EACH_ORDER = pytest.mark.parametrize(
    ("order", "title"),
    [("retry", "Retry requests"), ("delete", "Delete requests"), ("cancel", "Cancel requests")],
)


def _fill(engine: Engine) -> dict[str, Any]:
    """Store three requests that wait for a worker; return the form that means them."""
    tenant = a_tenant()
    engine.submit(*submissions(3))
    return {"tenant": tenant.pk}


def _jobs() -> list[Job]:
    return list(Job.objects.of_any_tenant())


def _staff(client: Client, *permissions: str) -> None:
    user = User.objects.create_user("operator", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client.force_login(user)


def _choose(client: Client, action: str, *requests: Request) -> str:
    chosen = [request.pk for request in requests]
    page = client.post(_LIST, {"action": action, "_selected_action": chosen}, follow=True)
    return page.content.decode()


@_EACH_ORDER
def test_it_asks_for_a_filter(admin_client: Client, order: str, title: str) -> None:
    a_tenant()
    page = admin_client.get(f"{_LIST}{order}/")
    assert (page.status_code, title in page.content.decode()) == (200, True)


@_EACH_ORDER
def test_it_counts_before_anything_is_ordered(
    engine: Engine, admin_client: Client, order: str, title: str
) -> None:
    filled = _fill(engine) | {"source": "acm", "statuses": ["NO_WORKER_AVAILABLE"]}
    page = admin_client.post(f"{_LIST}{order}/", filled).content.decode()
    assert "<strong>3</strong> requests would be touched now" in page
    assert f'value="{title}: 3"' in page
    assert _jobs() == []


@_EACH_ORDER
@pytest.mark.usefixtures("office")
def test_it_gives_the_order_once_it_is_confirmed(
    engine: Engine, admin_client: Client, order: str, title: str
) -> None:
    filled = _fill(engine) | {
        "content_types": "unzip, tar",
        "after": "2025-06-01T00:00:00",
        "confirmed": "yes",
    }
    answer = admin_client.post(f"{_LIST}{order}/", filled, follow=True)
    (job,) = _jobs()
    assert answer.redirect_chain == [(f"/admin/jobs/job/{job.pk}/change/", 302)]
    assert f"{title}: ordered" in answer.content.decode()
    assert (job.kind, job.asked_by, job.origin) == (f"requests.{order}", "admin", "ADMIN")
    wanted = job.parameters["filter"]
    assert wanted["content_types"]["values"] == ["unzip", "tar"]
    assert set(wanted["creation_date"]) == {"after"}
    assert AuditEntry.objects.filter(action=f"requests.{order}", origin="ADMIN").count() == 1


@_EACH_ORDER
def test_it_orders_nothing_when_the_form_is_wrong(
    engine: Engine, admin_client: Client, order: str, title: str
) -> None:
    filled = _fill(engine) | {"tenant": "0", "confirmed": "yes"}
    page = admin_client.post(f"{_LIST}{order}/", filled).content.decode()
    assert ("errorlist" in page, title in page, _jobs()) == (True, True, [])


@_EACH_ORDER
@pytest.mark.usefixtures("office")
def test_it_orders_by_the_ids_that_are_typed(
    engine: Engine, admin_client: Client, order: str, title: str
) -> None:
    filled = _fill(engine) | {"request_ids": " r-0\r\n\r\nr-2\nr-0"}
    page = admin_client.post(f"{_LIST}{order}/", filled).content.decode()
    assert f'value="{title}: 2"' in page
    admin_client.post(f"{_LIST}{order}/", filled | {"confirmed": "yes"})
    (job,) = _jobs()
    assert job.parameters["filter"]["request_ids"]["values"] == ["r-0", "r-2"]


@_EACH_ORDER
def test_it_takes_no_more_ids_than_a_filter_may_have(
    engine: Engine, admin_client: Client, order: str, title: str
) -> None:
    typed = "\n".join(f"r-{number}" for number in range(1001))
    filled = _fill(engine) | {"request_ids": typed, "confirmed": "yes"}
    page = admin_client.post(f"{_LIST}{order}/", filled).content.decode()
    told = "1001 ids are too many: at most 1000 are allowed"
    assert (told in page, title in page, _jobs()) == (True, True, [])


@pytest.mark.usefixtures("office")
def test_it_orders_a_retry_from_the_first_step(engine: Engine, admin_client: Client) -> None:
    admin_client.post(f"{_LIST}retry-first/", _fill(engine) | {"confirmed": "yes"})
    (job,) = _jobs()
    assert (job.kind, job.parameters["from"]) == ("requests.retry", "first")


@pytest.mark.parametrize("action", ["retry_chosen", "retry_first_chosen", "cancel_chosen", "delete_chosen"])
def test_it_counts_what_was_chosen_in_the_list(engine: Engine, admin_client: Client, action: str) -> None:
    _fill(engine)
    first, second = the_request("r-0"), the_request("r-1")
    page = _choose(admin_client, action, first, second)
    assert "<strong>2</strong> requests would be touched now" in page
    assert f'name="ids" value="{first.pk},{second.pk}"' in page


def test_it_wants_the_chosen_requests_to_be_of_one_tenant(engine: Engine, admin_client: Client) -> None:
    _fill(engine)
    every(Request).filter(request_id="r-0").update(tenant=a_tenant(name="other"))
    page = _choose(admin_client, "retry_chosen", *every(Request))
    assert "Choose at most 1000 requests, all of one tenant; or order by filter" in page


def test_it_offers_the_orders_above_the_list(admin_client: Client) -> None:
    page = admin_client.get(_LIST).content.decode()
    assert f'<a href="{_LIST}retry/">Retry requests by filter</a>' in page
    assert f'<a href="{_LIST}delete/">Delete requests by filter</a>' in page


@_EACH_ORDER
def test_it_asks_for_the_permission(client: Client, order: str, title: str) -> None:
    _staff(client, "view_request")
    assert client.get(f"{_LIST}{order}/").status_code == 403
    page = client.get(_LIST).content.decode()
    assert f"{title} by filter" not in page
    assert f'<option value="{order}_chosen">' not in page


def test_it_tells_the_two_permissions_apart(client: Client) -> None:
    _staff(client, "view_request", "change_request")
    assert client.get(f"{_LIST}retry/").status_code == 200
    assert client.get(f"{_LIST}delete/").status_code == 403


def test_it_asks_for_a_login(client: Client) -> None:
    assert client.get(f"{_LIST}retry/").status_code == 302
