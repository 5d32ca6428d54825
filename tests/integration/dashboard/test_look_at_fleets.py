"""What the dashboard tells of fleets: instances, pauses, and how fast they are."""

from datetime import timedelta

import pytest
from django.test import Client

from regards_processing.kernel import clock
from tests.factories.audit import ADA
from tests.factories.history import a_trail, finished_requests
from tests.factories.worker_manager import a_tenant, a_worker_type, live_workers
from tests.integration.dashboard.looking import look, rows
from worker_manager.models import PauseKind
from worker_manager.services.pauses import pause

pytestmark = pytest.mark.django_db


def _column(client: Client, name: str, **query: str) -> list[object]:
    panel = look(client, **query)["Fleets"]
    return [row[panel.columns.index(name)] for row in rows(panel)]


def test_it_counts_a_process_once_that_serves_several_worker_types(admin_client: Client) -> None:
    a_tenant()
    live_workers("unzip-worker", "sip-worker", worker_id="w-1", at=clock.now())
    live_workers("unzip-worker", worker_id="w-2", at=clock.now())
    live_workers("unzip-worker", worker_id="old", at=clock.now() - timedelta(hours=1))
    (figure,) = look(admin_client)["Fleets"].figures
    assert (figure.label, figure.value) == ("instances alive", "2")


def test_it_tells_pauses_of_some_tenants_where_all_are_meant(admin_client: Client) -> None:
    demo = a_tenant()
    a_tenant(name="other")
    a_worker_type(demo, worker_type="a", inputs=["a"])
    a_worker_type(demo, worker_type="b", inputs=["b"])
    a_worker_type(demo, worker_type="c", inputs=["c"])
    pause(kind=PauseKind.WORKER_TYPE, name="a", tenant=demo, actor=ADA, at=clock.now())
    for whose in (demo, None):
        pause(kind=PauseKind.WORKER_TYPE, name="b", tenant=whose, actor=ADA, at=clock.now())
    assert _column(admin_client, "Paused") == ["for some tenants", "paused", "-"]
    assert _column(admin_client, "Paused", tenant="demo") == ["paused", "paused", "-"]
    assert "for some tenants" not in _column(admin_client, "Paused", tenant="other")


def test_it_says_that_rates_are_those_of_the_newest_requests(admin_client: Client) -> None:
    tenant = a_tenant()
    live_workers("unzip-worker", at=clock.now())
    # Trails know milliseconds.
    ended = clock.now().replace(microsecond=0) - timedelta(seconds=10)
    many = [f"f-{number}" for number in range(999)]
    finished_requests(tenant, *many, finished_at=ended, trail=a_trail(at=ended))
    note = look(admin_client)["Fleets"].note
    assert note == "Rates and times are those of requests that ended in the last 5 minutes. "
    assert _column(admin_client, "Attempts a minute") == ["200"]
    finished_requests(tenant, "f-999", "f-1000", finished_at=ended, trail=a_trail(at=ended))
    note = look(admin_client)["Fleets"].note
    assert note.startswith("Rates and times are those of the newest 1,000 requests that ended in the last 5")
    (rate,) = _column(admin_client, "Attempts a minute")
    # A thousand in ten seconds, or a little more.
    assert 2_000 < int(str(rate).replace(",", "")) <= 6_000
