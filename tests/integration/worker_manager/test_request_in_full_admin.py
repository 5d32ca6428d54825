"""A request in full in the admin: its steps, attempts and contents."""

from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from tests.factories.access import staff_with
from tests.factories.history import a_trail
from tests.factories.messages import an_answer
from tests.factories.requests import requests
from tests.factories.rows import every
from tests.factories.scenes import a_dispatched_workflow
from tests.factories.stored_contents import folder_of
from tests.factories.worker_manager import a_tenant, later
from tests.fakes.engine import Engine
from worker_manager.models import Request

pytestmark = pytest.mark.django_db

_REQUESTS = "/admin/worker_manager/request"


def _address(rest: str) -> str:
    return f"{_REQUESTS}/{every(Request).get().pk}/{rest}"


def test_it_shows_where_its_time_went(engine: Engine, admin_client: Client) -> None:
    a_dispatched_workflow(engine)
    engine.answer(an_answer(content=b"tree", run_seconds=1.5, worker_id="w-1"), at=later(2))
    page = admin_client.get(_address("change/")).content.decode()
    assert "<td>500 ms</td><td>1.5 s</td><td>SUCCESS</td>" in page
    assert "<td>w-1</td><td>SUCCESS</td>" in page
    assert "<td>goes on</td>" in page


def test_it_believes_no_text_of_workers(admin_client: Client) -> None:
    text = a_trail(worker_type="<script>a")
    requests(a_tenant(), "r-1", trail=text, content=b"<script>b", original_content=b"<script>c")
    page = admin_client.get(_address("change/")).content.decode()
    assert [f"<script>{letter}" in page for letter in "abc"] == [False] * 3
    assert [f"&lt;script&gt;{letter}" in page for letter in "abc"] == [True] * 3


@pytest.mark.parametrize(("which", "content"), [("current", b"tree"), ("original", b"<script>")])
def test_it_lets_contents_be_downloaded(admin_client: Client, which: str, content: bytes) -> None:
    requests(a_tenant(), "r-1", content=b"tree", original_content=b"<script>")
    assert f'href="{_address(f"content/{which}/")}"' in admin_client.get(_address("change/")).content.decode()
    answer = admin_client.get(_address(f"content/{which}/"))
    assert (answer.content, answer["Content-Type"]) == (content, "application/octet-stream")
    assert answer["Content-Disposition"] == f'attachment; filename="r-1.{which}.bin"'


@pytest.mark.parametrize("rest", ["content/last/", "content/CURRENT/"])
def test_it_knows_no_other_contents(admin_client: Client, rest: str) -> None:
    requests(a_tenant(), "r-1")
    assert admin_client.get(_address(rest)).status_code == 404


def test_it_knows_no_contents_of_requests_that_have_gone(admin_client: Client) -> None:
    assert admin_client.get(f"{_REQUESTS}/1/content/current/").status_code == 404


def test_contents_are_for_those_who_may_see_requests(client: Client) -> None:
    requests(a_tenant(), "r-1")
    assert client.get(_address("content/current/")).status_code == 302
    client.force_login(User.objects.create_user("carl", is_staff=True))
    assert client.get(_address("content/current/")).status_code == 403


def test_it_leads_nobody_to_fleets_who_may_not_see_them(client: Client) -> None:
    requests(a_tenant(), "r-1")
    page = staff_with(client, "view_request").get(_address("change/")).content.decode()
    assert ("r-1" in page, "/workerinstance/fleets/" in page) == (True, False)


def test_it_shows_where_a_content_is_that_is_a_file(
    admin_client: Client, settings: Settings, tmp_path: Path
) -> None:
    settings.SHARED_STORAGE = tmp_path
    requests(a_tenant(), "r-1", content=b"")
    request = every(Request).get()
    reference = folder_of(request).keep(b"large", attempt=2)
    every(Request).update(stored_content=reference.to_json())
    page = admin_client.get(_address("change/")).content.decode()
    assert f"5 bytes in .contents/demo/{request.pk}/{reference.name} of the shared storage" in page
    assert admin_client.get(_address("content/current/")).content == b"large"
    folder_of(request).remove(reference)
    assert admin_client.get(_address("content/current/")).status_code == 404
