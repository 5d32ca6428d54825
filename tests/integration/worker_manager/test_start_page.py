"""The start page of the admin: what needs attention, for those who may see it."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from regards_processing.kernel import clock
from regards_processing.kernel.audit.models import Origin
from regards_processing.kernel.jobs.models import Job
from regards_processing.kernel.jobs.states import JobState
from regards_processing.kernel.outbox.models import OutboxEntry
from tests.factories.audit import ADA
from tests.factories.requests import requests
from tests.factories.worker_manager import AT, a_tenant, a_worker_type, live_workers
from tests.integration.kernel.dead_letters.mailbox import ANSWERS_DLQ, Mailbox
from worker_manager import attention
from worker_manager.models import PauseKind
from worker_manager.services.pauses import pause

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("mailbox")]

_REQUESTS = "/admin/worker_manager/request/"


def _told(client: Client) -> list[tuple[int | None, str, str]]:
    """Return count, text and address of each notice."""
    notices = client.get("/admin/").context["notices"]
    return [(notice.count, notice.text, notice.address) for notice in notices]


def _a_job(state: JobState, *, finished_hours_ago: int) -> None:
    Job.objects.create(
        kind="requests.retry",
        parameters={},
        state=state,
        priority=0,
        asked_by="ada",
        origin=Origin.REST,
        created_at=AT,
        finished_at=clock.now() - timedelta(hours=finished_hours_ago),
    )


def test_it_says_that_there_is_nothing(admin_client: Client) -> None:
    assert _told(admin_client) == []
    assert "<td>Nothing.</td>" in admin_client.get("/admin/").content.decode()


def test_it_says_that_there_may_be_more_to_see_for_others(client: Client) -> None:
    client.force_login(User.objects.create_user("visitor", is_staff=True))
    assert "<td>Nothing of what you may look at.</td>" in client.get("/admin/").content.decode()


def test_it_counts_what_failed(admin_client: Client) -> None:
    tenant = a_tenant()
    requests(tenant, "r-1", "r-2")
    requests(tenant, "r-3", status="INVALID_CONTENT")
    assert _told(admin_client) == [
        (2, "requests in ERROR", f"{_REQUESTS}?status=ERROR"),
        (1, "request in INVALID_CONTENT", f"{_REQUESTS}?status=INVALID_CONTENT"),
    ]


def test_it_stops_counting_at_some_number() -> None:
    requests(a_tenant(), "r-1", "r-2", "r-3")
    assert attention.count_failed(most=2) == {"ERROR": 2, "INVALID_CONTENT": 0}


def test_it_tells_what_waits_for_whom(admin_client: Client) -> None:
    tenant, waiting = a_tenant(), {"status": "NO_WORKER_AVAILABLE"}
    live_workers("sip-worker", at=clock.now())
    for request_id, days in (("r-1", 3), ("r-2", 1)):
        received = clock.now() - timedelta(days=days, hours=1)
        requests(tenant, request_id, creation_date=received, **waiting)
    received = clock.now() - timedelta(days=2, hours=5)
    requests(tenant, "r-3", step_worker_type=None, creation_date=received, **waiting)
    requests(tenant, "r-4", step_worker_type="sip-worker", status="TO_DISPATCH")
    assert _told(admin_client)[:2] == [
        (
            2,
            "requests wait for unzip-worker, which nobody serves, the oldest received 3 d 1 h ago",
            f"{_REQUESTS}?step_worker_type=unzip-worker&status=NO_WORKER_AVAILABLE",
        ),
        (
            1,
            (
                "request waits although nothing is configured for its content type, "
                "the oldest received 2 d 5 h ago"
            ),
            f"{_REQUESTS}?status=NO_WORKER_AVAILABLE",
        ),
    ]
    count, text, address = _told(admin_client)[2]
    assert (count, address) == (1, _REQUESTS)
    assert text.startswith("request waits although its worker type is served, the oldest received ")


def test_it_adds_up_the_worker_types_that_are_too_many_to_name(admin_client: Client) -> None:
    tenant = a_tenant()
    for number in range(13):
        requests(tenant, f"r-{number}", step_worker_type=f"type-{number}", status="NO_WORKER_AVAILABLE")
    told = _told(admin_client)
    assert (len(told), told[-1]) == (11, (3, "requests wait for 3 other worker types", ""))


def test_it_names_worker_types_that_nobody_serves(admin_client: Client) -> None:
    tenant = a_tenant()
    a_worker_type(tenant)
    a_worker_type(tenant, worker_type="sip-worker", inputs=["tree"])
    a_worker_type(a_tenant(name="other"))
    live_workers("sip-worker", at=clock.now())
    text = "configured worker type that nobody serves: unzip-worker"
    assert _told(admin_client) == [(1, text, "/admin/worker_manager/workerinstance/fleets/")]


def test_it_tells_of_pauses_that_hold_requests(admin_client: Client) -> None:
    tenant = a_tenant()
    a_worker_type(tenant)
    a_worker_type(tenant, worker_type="idle", inputs=["tree"])
    live_workers("unzip-worker", "idle", at=clock.now())
    requests(tenant, "r-1", "r-2", status="TO_DISPATCH", due_at=None)
    for name in ("unzip-worker", "idle"):
        pause(kind=PauseKind.WORKER_TYPE, name=name, tenant=tenant, actor=ADA, at=AT)
    text = "requests are held: worker type unzip-worker is paused for demo by ada"
    assert (2, text, "/admin/worker_manager/pause/") in _told(admin_client)
    assert "idle" not in str(_told(admin_client))


def test_it_tells_of_some_pauses_and_counts_the_others(admin_client: Client) -> None:
    tenant = a_tenant()
    for number in range(12):
        name = f"type-{number}"
        a_worker_type(tenant, worker_type=name, inputs=[f"c-{number}"])
        requests(tenant, f"r-{number}", step_worker_type=name, status="TO_DISPATCH", due_at=None)
        pause(kind=PauseKind.WORKER_TYPE, name=name, tenant=tenant, actor=ADA, at=AT)
    assert (2, "other pauses hold requests", "/admin/worker_manager/pause/") in _told(admin_client)


def test_it_counts_dead_letters(admin_client: Client, mailbox: Mailbox) -> None:
    mailbox.bury(b"a", b"b")
    address = f"/admin/kernel/deadletters/?queue={ANSWERS_DLQ}"
    assert _told(admin_client) == [(2, f"dead letters in {ANSWERS_DLQ}", address)]


def test_it_counts_what_the_broker_does_not_take(admin_client: Client) -> None:
    for age in (1, 120):
        created = clock.now() - timedelta(seconds=age)
        OutboxEntry.objects.create(created_at=created, message_count=1, messages=b"")
    text = "bulk of messages has waited for the broker for more than 60 s"
    assert _told(admin_client) == [(1, text, "/admin/kernel/outboxentry/")]


def test_it_counts_jobs_that_failed_of_late(admin_client: Client) -> None:
    _a_job(JobState.FAILED, finished_hours_ago=1)
    _a_job(JobState.FAILED, finished_hours_ago=30)
    _a_job(JobState.SUCCEEDED, finished_hours_ago=1)
    address = "/admin/jobs/job/?state__exact=FAILED"
    assert _told(admin_client) == [(1, "job failed in the last 24 hours", address)]


def test_it_shows_the_rest_when_the_broker_is_away(
    admin_client: Client, settings: Settings, tmp_path: Path
) -> None:
    requests(a_tenant(), "r-1")
    settings.BROKER_FOLDER = tmp_path / "file" / "broker"
    (tmp_path / "file").write_text("in the way")
    settings.BROKER_URL = re.sub(r"(@[^:/]+):\d+", r"\1:1", settings.BROKER_URL)
    told = {text: count for count, text, _ in _told(admin_client)}
    assert told.pop("request in ERROR") == 1
    ((text, count),) = told.items()
    assert text.startswith("The broker")
    assert count is None


@pytest.mark.parametrize(
    ("permission", "seen"),
    [
        ("view_request", ["request in ERROR"]),
        ("view_workerinstance", ["configured worker type that nobody serves: unzip-worker"]),
        ("view_deadletters", [f"dead letter in {ANSWERS_DLQ}"]),
        ("view_job", ["job failed in the last 24 hours"]),
        ("view_tenant", []),
    ],
)
def test_it_tells_what_the_user_may_see(
    client: Client, mailbox: Mailbox, permission: str, seen: list[str]
) -> None:
    tenant = a_tenant()
    a_worker_type(tenant)
    requests(tenant, "r-1")
    mailbox.bury(b"a")
    _a_job(JobState.FAILED, finished_hours_ago=1)
    user = User.objects.create_user("operator", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename=permission))
    client.force_login(user)
    assert [text for _, text, _ in _told(client)] == seen


def test_it_costs_few_statements_however_much_there_is(admin_client: Client) -> None:
    with CaptureQueriesContext(connection) as little:
        admin_client.get("/admin/")
    tenant = a_tenant()
    for number in range(15):
        a_worker_type(tenant, worker_type=f"type-{number}", inputs=[f"c-{number}"])
        requests(tenant, f"r-{number}", step_worker_type=f"type-{number}", status="NO_WORKER_AVAILABLE")
        requests(tenant, f"e-{number}")
    with CaptureQueriesContext(connection) as much:
        admin_client.get("/admin/")
    assert len(much) == len(little)
    assert len(much) <= 13
