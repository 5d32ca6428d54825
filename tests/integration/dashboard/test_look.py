"""What the dashboard tells of the platform."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from pytest_django import Settings

from regards_processing.kernel import clock
from regards_processing.kernel.audit.models import Origin
from regards_processing.kernel.jobs.models import Job
from regards_processing.kernel.jobs.states import JobState
from regards_processing.kernel.observability.sweeps import note_run
from regards_processing.kernel.outbox.models import OutboxEntry
from regards_processing.processing.services.executions import order_executions
from regards_processing.processing.services.outcomes import apply_responses
from tests.factories.audit import ADA
from tests.factories.executions import a_batch, a_response, an_execution_order, an_outcome, the_execution
from tests.factories.history import a_trail, finished_requests
from tests.factories.processing import a_process
from tests.factories.requests import requests
from tests.factories.worker_manager import a_tenant, a_worker_type, live_workers
from tests.fakes.engine import committing
from tests.integration.dashboard.looking import addresses, look, rows
from tests.integration.kernel.dead_letters.mailbox import ANSWERS_DLQ, Mailbox
from worker_manager.models import PauseKind
from worker_manager.services.pauses import pause

pytestmark = pytest.mark.django_db

_REQUESTS = "/admin/worker_manager/request/"


def test_it_has_a_panel_for_everything_when_there_is_nothing(admin_client: Client) -> None:
    panels = look(admin_client)
    assert [title for title, panel in panels.items() if panel.failure] == []
    assert len(panels) == 11


def test_it_counts_the_requests_of_each_tenant_and_status(admin_client: Client) -> None:
    busy = a_tenant()
    a_tenant(name="idle")
    requests(busy, "r-1", "r-2", status="RUNNING")
    requests(busy, "r-3")
    panel = look(admin_client)["Requests by tenant"]
    assert panel.columns[1:] == (
        "TO_DISPATCH",
        "DISPATCHED",
        "NO_WORKER_AVAILABLE",
        "RUNNING",
        "INVALID_CONTENT",
        "ERROR",
        "TO_DELETE",
    )
    assert rows(panel) == [["demo", 0, 0, 0, 2, 0, 1, 0], ["idle", *[0] * 7]]
    assert f"{_REQUESTS}?tenant__id__exact={busy.pk}&status=RUNNING" in addresses(panel)
    assert [(figure.label, figure.value) for figure in panel.figures] == [
        ("waiting", "0"),
        ("in flight", "2"),
        ("failed", "1"),
    ]


def test_it_says_why_requests_wait(admin_client: Client) -> None:
    tenant, at = a_tenant(), clock.now()
    a_worker_type(tenant)
    a_worker_type(tenant, worker_type="full", inputs=["tree"], max_in_flight=1)
    live_workers("unzip-worker", "full", at=at)
    pause(kind=PauseKind.WORKER_TYPE, name="unzip-worker", tenant=tenant, actor=ADA, at=at)
    received = {"creation_date": at - timedelta(minutes=5, seconds=9)}
    held = {"status": "TO_DISPATCH", "due_at": None, **received}
    requests(tenant, "r-1", "r-2", "r-3", **held)
    requests(tenant, "r-4", "r-5", step_worker_type="full", **held)
    requests(tenant, "r-6", status="NO_WORKER_AVAILABLE", step_worker_type="mute", **received)
    assert rows(look(admin_client)["What waits, and why"]) == [
        ["Nobody serves worker type mute", 1, "5 min"],
        ["Worker type unzip-worker is paused", 3, "5 min"],
        ["Worker type full has as many in flight as it may have", 2, "5 min"],
    ]
    assert addresses(look(admin_client)["What waits, and why"]) == [
        "/admin/worker_manager/workerinstance/fleets/mute/",
        "/admin/worker_manager/pause/",
        "/admin/worker_manager/workerinstance/fleets/full/",
    ]


def test_it_tells_how_fleets_do_and_names_first_those_that_nobody_serves(admin_client: Client) -> None:
    tenant, at = a_tenant(), clock.now()
    a_worker_type(tenant, max_in_flight=7)
    a_worker_type(tenant, worker_type="zeta", inputs=["tree"])
    live_workers("unzip-worker", at=at)
    live_workers("unzip-worker", worker_id="old", at=at - timedelta(hours=1))
    requests(tenant, "r-1", status="RUNNING")
    ended = at - timedelta(seconds=30)
    finished_requests(tenant, "f-1", "f-2", finished_at=ended, trail=a_trail(at=ended))
    assert rows(look(admin_client)["Fleets"]) == [
        ["zeta", "nobody", 0, 0, "-", 0, 0, 0, "-", "-", "-", "-", "-"],
        [
            "unzip-worker", 1, 1, 1, 7, 1, 0, 0, "-", "0.4", "0.0%", "500 ms / 500 ms", "3.5 s / 3.5 s"
        ],
    ]  # fmt: skip


def test_it_draws_what_ended_in_each_minute(admin_client: Client) -> None:
    minute = clock.now().replace(second=0, microsecond=0)
    tenant = a_tenant()
    finished_requests(tenant, "f-1", "f-2", finished_at=minute - timedelta(minutes=4, seconds=20))
    finished_requests(tenant, "f-3", finished_at=minute - timedelta(minutes=40))
    drawn = look(admin_client)["Requests that ended, by minute"].bars
    assert len(drawn) == 30
    assert [(bar.minute, bar.count, bar.height) for bar in drawn if bar.count] == [
        (minute - timedelta(minutes=5), 2, 100)
    ]


def test_it_counts_each_minute_that_is_over_once(admin_client: Client) -> None:
    tenant, then = a_tenant(), clock.now() - timedelta(minutes=10)
    finished_requests(tenant, "f-1", finished_at=then)
    address = "/dashboard/panels/"
    first = admin_client.get(address).context["panels"]
    finished_requests(tenant, "f-2", finished_at=then)
    again = admin_client.get(address).context["panels"]
    told = [sum(bar.count for panel in panels for bar in panel.bars) for panels in (first, again)]
    assert told == [1, 1]


def test_it_lists_pauses_and_those_who_made_them(admin_client: Client) -> None:
    tenant = a_tenant()
    a_worker_type(tenant)
    requests(tenant, "r-1", status="TO_DISPATCH", due_at=None)
    pause(kind=PauseKind.WORKER_TYPE, name="unzip-worker", tenant=None, actor=ADA, at=clock.now())
    panel = look(admin_client)["Pauses"]
    assert rows(panel) == [["Worker type unzip-worker", "everybody", "ada", "under 1 min", 0, 1]]


def test_it_tells_of_executions_and_names_those_that_failed(admin_client: Client) -> None:
    tenant, at = a_tenant(), clock.now()
    batch = a_batch(tenant, a_process(tenant, "Crop", to_all=True))
    with committing(execute=True):
        order_executions(orders=[an_execution_order(batch, name) for name in ("e-1", "e-2")], at=at)
        content = an_outcome("FAILURE", message="<no disk>")
        apply_responses(responses=[a_response(the_execution().pk, content=content)], at=clock.now())
    panels = look(admin_client)
    counts = panels["Executions by process"]
    assert dict(zip(counts.columns, rows(counts)[0], strict=True)) == {
        "Process": "Crop",
        "REGISTERED": 1,
        "SUCCESS": 0,
        "FAILURE": 1,
        "CANCELLED": 0,
        "TIMED_OUT": 0,
    }
    failed = panels["Latest executions that failed"]
    assert rows(failed) == [["Crop", "FAILURE", "<no disk>", "under 1 min"]]
    assert addresses(failed) == [f"/admin/processing/execution/{the_execution().pk}/change/"]


def test_it_lists_jobs_that_run_and_that_failed(admin_client: Client) -> None:
    at = clock.now()
    for state, hours in ((JobState.RUNNING, 1), (JobState.FAILED, 2), (JobState.FAILED, 30)):
        Job.objects.create(
            kind="requests.retry",
            parameters={},
            state=state,
            priority=0,
            asked_by="ada",
            origin=Origin.REST,
            created_at=at - timedelta(hours=hours, minutes=1),
            finished_at=at - timedelta(hours=hours),
            done=3,
            total=9,
        )
    told = [row[2:5] for row in rows(look(admin_client)["Jobs"])]
    assert told == [["ada", "RUNNING", "3 of 9"], ["ada", "FAILED", "3 of 9"]]


def test_it_counts_dead_letters(admin_client: Client, mailbox: Mailbox) -> None:
    mailbox.bury(b"a", b"b")
    panel = look(admin_client)["Dead letters"]
    assert [ANSWERS_DLQ, 2] in rows(panel)
    assert f"/admin/kernel/deadletters/?queue={ANSWERS_DLQ}" in addresses(panel)


def test_it_says_how_long_messages_wait_for_the_broker(admin_client: Client) -> None:
    OutboxEntry.objects.create(created_at=clock.now() - timedelta(seconds=120), message_count=1, messages=b"")
    panel = look(admin_client)["Outbox"]
    assert rows(panel)[0] == ["Bulks of messages that have not left", 1]
    assert panel.rows[1][1].tone == "bad"


def test_it_says_which_sweeps_are_late(admin_client: Client) -> None:
    at = clock.now()
    note_run(task="worker_manager.tasks.rescue_silent_requests", at=at)
    note_run(task="regards_processing.kernel.tasks.relay_outbox", at=at - timedelta(minutes=3))
    told = {row[0]: row[2:] for row in rows(look(admin_client)["Sweeps"])}
    assert told["rescue silent requests"] == [f"{at:%Y-%m-%d %H:%M}", "on time"]
    assert told["relay outbox"][1] == "late"
    assert told["sweep jobs"] == ["never", "late"]
    assert told["forget the past"] == ["never", "not yet"]


def test_it_shows_the_rest_when_the_broker_is_away(
    admin_client: Client, settings: Settings, tmp_path: Path
) -> None:
    settings.BROKER_FOLDER = tmp_path / "file" / "broker"
    (tmp_path / "file").write_text("in the way")
    settings.BROKER_URL = re.sub(r"(@[^:/]+):\d+", r"\1:1", settings.BROKER_URL)
    assert [title for title, panel in look(admin_client).items() if panel.failure] == ["Dead letters"]
