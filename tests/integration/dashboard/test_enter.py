"""Who may look at the dashboard, and how they come there."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.factories.requests import requests
from tests.factories.worker_manager import a_tenant
from tests.integration.dashboard.looking import PAGE, PANELS, look, staff

pytestmark = pytest.mark.django_db

_PASSWORD = "correct horse battery"


def test_it_is_what_the_root_shows(client: Client) -> None:
    answer = client.get("/")
    assert (answer.status_code, answer["Location"]) == (302, PAGE)


def test_it_sends_who_is_not_logged_in_to_the_login_and_back(client: Client) -> None:
    a_tenant()
    User.objects.create_superuser("ada", password=_PASSWORD)
    wanted = f"{PAGE}?tenant=demo"
    login = client.get(wanted)["Location"]
    assert login == "/admin/login/?next=/dashboard/%3Ftenant%3Ddemo"
    answer = client.post(login, {"username": "ada", "password": _PASSWORD, "next": wanted})
    assert answer["Location"] == wanted
    assert client.get(wanted).status_code == 200


def test_it_follows_no_address_of_another_site_after_the_login(client: Client) -> None:
    User.objects.create_superuser("ada", password=_PASSWORD)
    form = {"username": "ada", "password": _PASSWORD, "next": "https://example.org/dashboard/"}
    assert "example.org" not in client.post("/admin/login/", form)["Location"]


def test_it_ends_with_the_session(admin_client: Client) -> None:
    assert 'action="/admin/logout/"' in admin_client.get(PAGE).content.decode()
    admin_client.post("/admin/logout/")
    assert admin_client.get(PAGE).status_code == 302
    assert admin_client.get(PANELS).status_code == 401


def test_it_is_for_staff_only(client: Client) -> None:
    client.force_login(User.objects.create_user("grace"))
    assert client.get(PAGE)["Location"].startswith("/admin/login/")
    assert client.get(PANELS).status_code == 401


def test_it_is_not_for_staff_that_may_look_at_nothing(client: Client) -> None:
    staff(client)
    assert [client.get(address).status_code for address in (PAGE, PANELS)] == [403, 403]


def test_it_shows_the_panels_that_the_user_may_see_and_links_to_no_other_page(client: Client) -> None:
    requests(a_tenant(), "r-1", status="NO_WORKER_AVAILABLE")
    panels = look(staff(client, "view_request"))
    assert list(panels) == ["What waits, and why", "Requests by tenant"]
    reason = panels["What waits, and why"].rows[0][0]
    assert (reason.text, reason.address) == ("Nobody serves worker type unzip-worker", "")


@pytest.mark.parametrize("address", [PAGE, PANELS])
def test_it_changes_nothing(admin_client: Client, address: str) -> None:
    assert admin_client.post(address).status_code == 405


def test_it_lets_no_page_run_or_frame_what_is_not_ours(admin_client: Client) -> None:
    answer = admin_client.get(PAGE)
    assert "script-src 'self'" in answer["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]
    page = answer.content.decode()
    assert "style=" not in page
    assert page.count("<script") == page.count('<script src="/static/dashboard/live.js"') == 1


def test_it_is_linked_from_the_admin(admin_client: Client) -> None:
    assert 'href="/dashboard/"' in admin_client.get("/admin/").content.decode()


def test_it_has_no_icon_and_that_is_no_error(client: Client) -> None:
    answer = client.get("/favicon.ico")
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer["Cache-Control"] == "max-age=86400"
