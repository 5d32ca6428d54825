"""A page that stays open: what it costs, and what it is told."""

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from regards_processing.kernel import clock
from tests.factories.audit import ADA
from tests.factories.history import finished_requests
from tests.factories.requests import requests
from tests.factories.worker_manager import a_tenant, a_worker_type, live_workers
from tests.integration.dashboard.looking import PAGE, PANELS, look, rows
from worker_manager.models import PauseKind
from worker_manager.services.pauses import pause

pytestmark = pytest.mark.django_db


def _statements(client: Client) -> int:
    with CaptureQueriesContext(connection) as captured:
        client.get(PANELS)
    return len([query for query in captured.captured_queries if query["sql"].startswith(("SELECT", "WITH"))])


def _a_crowd(number: int) -> None:
    tenant, name = a_tenant(name=f"tenant-{number}"), f"type-{number}"
    a_worker_type(tenant, worker_type=name, inputs=[f"c-{number}"])
    live_workers(name, at=clock.now())
    for status in ("RUNNING", "ERROR", "NO_WORKER_AVAILABLE", "TO_DISPATCH"):
        requests(tenant, status, status=status, step_worker_type=name)
    finished_requests(tenant, "f-1", finished_at=clock.now())
    pause(kind=PauseKind.WORKER_TYPE, name=name, tenant=tenant, actor=ADA, at=clock.now())


def test_it_costs_the_same_statements_however_much_there_is(admin_client: Client) -> None:
    _a_crowd(1)
    admin_client.get(PANELS)
    cache.clear()
    little = _statements(admin_client)
    for number in range(2, 32):
        _a_crowd(number)
    cache.clear()
    assert _statements(admin_client) == little
    assert little <= 45
    assert look(admin_client)["Fleets"].left_out == 6


def test_it_reads_once_for_all_who_look(admin_client: Client) -> None:
    _a_crowd(1)
    admin_client.get(PANELS)
    # The session and its user, and nothing else.
    assert _statements(admin_client) <= 3


def test_it_sends_nothing_when_nothing_has_changed(admin_client: Client) -> None:
    known = admin_client.get(PANELS)["ETag"]
    again = admin_client.get(PANELS, headers={"If-None-Match": known})
    assert (again.status_code, again.content) == (304, b"")
    requests(a_tenant(), "r-1")
    cache.clear()
    assert admin_client.get(PANELS, headers={"If-None-Match": known}).status_code == 200


def test_it_shows_one_tenant_and_nothing_of_the_others(admin_client: Client) -> None:
    for number in (1, 2):
        _a_crowd(number)
    page = admin_client.get(PANELS, {"tenant": "tenant-1"}).content.decode()
    panels = look(admin_client, tenant="tenant-1")
    assert [row[0] for row in rows(panels["Requests by tenant"])] == ["tenant-1"]
    assert [row[0] for row in rows(panels["Pauses"])] == ["Worker type type-1"]
    assert [row[1] for row in rows(panels["What waits, and why"])] == [1, 2]
    assert "tenant-2" not in page
    # Fleets serve everybody: they are there, without the requests of the others.
    assert [row[3:8] for row in rows(panels["Fleets"])] == [[1, "-", 1, 2, 1], [0, "-", 0, 0, 0]]


def test_it_knows_no_other_tenant(admin_client: Client) -> None:
    assert [admin_client.get(address, {"tenant": "x"}).status_code for address in (PAGE, PANELS)] == [
        404,
        404,
    ]


def test_it_remembers_each_tenant_apart(admin_client: Client) -> None:
    for number in (1, 2):
        _a_crowd(number)
    told = [
        figure.value
        for query in ({"tenant": "tenant-1"}, {}, {"tenant": "tenant-1"})
        for figure in admin_client.get(PANELS, query).context["figures"]
        if figure.label == "failed"
    ]
    assert told == ["1", "2", "1"]


def test_it_escapes_every_name(admin_client: Client) -> None:
    name = '<script>alert("1")</script>'
    tenant = a_tenant(name=name)
    a_worker_type(tenant, worker_type=name, inputs=[name])
    live_workers(name, at=clock.now())
    requests(tenant, "r-1", status="NO_WORKER_AVAILABLE", step_worker_type=None, content_type=name)
    pause(kind=PauseKind.CONTENT_TYPE, name=name, tenant=tenant, actor=ADA, at=clock.now())
    for address, query in ((PAGE, {}), (PANELS, {}), (PAGE, {"tenant": name})):
        page = admin_client.get(address, query).content.decode()
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;" in page
