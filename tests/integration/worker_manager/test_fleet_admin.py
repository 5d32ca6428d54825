"""Fleets in the admin: all of them, and one with its instances."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from regards_processing.kernel import clock
from tests.factories.access import staff_with
from tests.factories.audit import ADA
from tests.factories.history import a_trail, finished_requests
from tests.factories.requests import requests
from tests.factories.rows import every
from tests.factories.worker_manager import AT, a_tenant, a_worker_type, live_workers
from worker_manager.models import PauseKind, WorkerInstance, WorkerType
from worker_manager.services.pauses import pause

pytestmark = pytest.mark.django_db

_FLEETS = "/admin/worker_manager/workerinstance/fleets/"


def _text(client: Client, address: str) -> str:
    return " ".join(client.get(address).content.decode().split())


def test_it_lists_who_serves_what(admin_client: Client) -> None:
    tenant = a_tenant()
    a_worker_type(tenant)
    a_worker_type(tenant, worker_type="mute", inputs=["sip"])
    live_workers("unzip-worker", "stranger", at=clock.now())
    requests(tenant, "r-1", "r-2", status="RUNNING")
    page = _text(admin_client, _FLEETS)
    assert f'<a href="{_FLEETS}unzip-worker/">unzip-worker</a></th> <td>● alive</td>' in page
    assert f'<a href="{_FLEETS}mute/">mute</a></th> <td><strong' in page
    assert "stranger</a> (not configured)" in page
    assert '?step_worker_type=unzip-worker&amp;status=RUNNING">2</a>' in page


def test_it_lists_what_is_held_the_limit_and_what_is_paused_for_everybody(admin_client: Client) -> None:
    tenant = a_tenant()
    a_worker_type(tenant, max_in_flight=7)
    a_worker_type(tenant, worker_type="sip-worker", inputs=["tree"])
    live_workers("unzip-worker", "sip-worker", at=clock.now())
    requests(tenant, "r-1", "r-2", status="TO_DISPATCH", due_at=None)
    pause(kind=PauseKind.WORKER_TYPE, name="unzip-worker", tenant=None, actor=ADA, at=AT)
    page = _text(admin_client, _FLEETS)
    assert ">2</a></td> <td>2</td> <td>7</td> <td>paused</td>" in page
    assert page.count("<td>paused</td>") == 1


def test_it_shows_a_fleet_and_what_its_instances_do(admin_client: Client) -> None:
    tenant = a_tenant()
    worker = a_worker_type(tenant)
    live_workers("unzip-worker", worker_id="w-1", at=clock.now())
    live_workers("unzip-worker", worker_id="w-2", at=AT)
    requests(tenant, "r-1", status="RUNNING", worker_id="w-1")
    page = _text(admin_client, f"{_FLEETS}unzip-worker/")
    assert "1 alive, 1 silent" in page
    assert f'<a href="/admin/worker_manager/workertype/{worker.pk}/change/">demo</a>' in page
    assert '<th scope="row">w-1</th> <td>● alive</td>' in page
    assert '<th scope="row">w-2</th> <td>○ silent</td>' in page
    assert '<a href="/admin/worker_manager/request/?q=r-1">r-1</a>' in page


def test_it_tells_seconds_where_they_matter(admin_client: Client) -> None:
    tenant, at = a_tenant(), clock.now()
    live_workers("unzip-worker", worker_id="w-1", at=at - timedelta(seconds=20))
    begun = at - timedelta(seconds=90)
    requests(tenant, "r-1", status="RUNNING", worker_id="w-1", moved_at=begun)
    page = re.sub("<time [^>]*>|</time>", "", _text(admin_client, f"{_FLEETS}unzip-worker/"))
    assert re.search(r"<th scope=\"row\">Last beat</th><td>[^<]+, 2\d(\.\d)? s ago</td>", page)
    assert re.search(r"<td>2\d(\.\d)? s</td>", page)
    assert re.search(r"r-1</a> \(1 min 3\d s\)", page)
    assert re.search(r"<td><time [^>]*>2\d(\.\d)? s</time></td>", _text(admin_client, _FLEETS))


@pytest.mark.parametrize("page", ["", "unzip-worker/"])
def test_it_says_how_attempts_went_of_late(admin_client: Client, page: str) -> None:
    tenant, at = a_tenant(), clock.now()
    live_workers("unzip-worker", at=at)
    assert "none ended in the last hour" in _text(admin_client, f"{_FLEETS}{page}")
    finished_requests(tenant, "r-1", "r-2", "r-3", finished_at=at, trail=a_trail(at=at))
    requests(
        a_tenant(name="other"), "r-4", status="ERROR", moved_at=at, trail=a_trail(at=at, outcome="ERROR")
    )
    told = "0.067 a minute, 25.0% errors; in queue p50 500 ms, p95 500 ms, at work p50 3.5 s, p95 3.5 s"
    assert told in _text(admin_client, f"{_FLEETS}{page}")


def test_it_knows_no_other_fleet(admin_client: Client) -> None:
    assert admin_client.get(f"{_FLEETS}nobody/").status_code == 404


def test_it_takes_any_name(admin_client: Client) -> None:
    live_workers("a/b <c>", at=clock.now())
    assert "Fleet of a/b &lt;c&gt;" in _text(admin_client, f"{_FLEETS}a/b%20%3Cc%3E/")


@pytest.mark.parametrize("page", ["", "unzip-worker/"])
def test_it_costs_the_same_statements_however_many_there_are(admin_client: Client, page: str) -> None:
    tenant = a_tenant()
    for number in range(20):
        a_worker_type(tenant, worker_type=f"type-{number}", inputs=[f"c-{number}"])
        live_workers("unzip-worker", f"type-{number}", worker_id=f"w-{number}", at=clock.now())
    with CaptureQueriesContext(connection) as many:
        admin_client.get(f"{_FLEETS}{page}")
    every(WorkerType).delete()
    every(WorkerInstance).exclude(worker_id="w-0").delete()
    with CaptureQueriesContext(connection) as few:
        admin_client.get(f"{_FLEETS}{page}")
    assert len(many) == len(few)
    assert len(many) <= 16


@pytest.mark.parametrize("page", ["", "unzip-worker/"])
def test_it_asks_for_the_permission(client: Client, page: str) -> None:
    live_workers("unzip-worker", at=clock.now())
    user = User.objects.create_user("visitor", is_staff=True)
    client.force_login(user)
    assert client.get(f"{_FLEETS}{page}").status_code == 403
    user.user_permissions.add(Permission.objects.get(codename="view_workerinstance"))
    client.force_login(User.objects.get(pk=user.pk))
    assert client.get(f"{_FLEETS}{page}").status_code == 200


@pytest.mark.parametrize("page", ["", "unzip-worker/"])
def test_it_tells_of_requests_only_to_those_who_may_see_them(client: Client, page: str) -> None:
    tenant = a_tenant()
    a_worker_type(tenant)
    live_workers("unzip-worker", worker_id="w-1", at=clock.now())
    requests(tenant, "secret-1", status="RUNNING", worker_id="w-1")
    shown = _text(staff_with(client, "view_workerinstance"), f"{_FLEETS}{page}")
    assert "unzip-worker" in shown
    hidden = ("secret-1", "/admin/worker_manager/request/", "/admin/worker_manager/workertype/")
    assert [text for text in hidden if text in shown] == []


def test_it_tells_everybody_who_sees_a_fleet_how_long_its_instances_work(client: Client) -> None:
    begun = clock.now() - timedelta(seconds=90)
    live_workers("unzip-worker", worker_id="w-1", at=clock.now())
    requests(a_tenant(), "secret-1", status="RUNNING", worker_id="w-1", moved_at=begun)
    shown = _text(staff_with(client, "view_workerinstance"), f"{_FLEETS}unzip-worker/")
    page = re.sub("<time [^>]*>|</time>", "", shown)
    assert re.search(r"<td>1</td> <td>1 min 3\d s</td>", page)


def test_it_links_from_a_worker_type_what_one_may_see(client: Client) -> None:
    worker = a_worker_type(a_tenant())
    address = f"/admin/worker_manager/workertype/{worker.pk}/change/"
    page = _text(staff_with(client, "view_workertype"), address)
    assert "<p>Fleet of unzip-worker: 0 alive</p>" in page
    assert "/admin/worker_manager/request/" not in page


def test_it_links_the_fleet_from_its_worker_type(admin_client: Client) -> None:
    worker = a_worker_type(a_tenant())
    live_workers("unzip-worker", at=clock.now())
    page = admin_client.get(f"/admin/worker_manager/workertype/{worker.pk}/change/").content.decode()
    assert f'<a href="{_FLEETS}unzip-worker/">Fleet of unzip-worker: 1 alive</a>' in page
