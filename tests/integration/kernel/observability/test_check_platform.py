"""What the kernel checks, on the session's database and broker."""

import os
import re
import socket
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import kombu
import pytest
from django.conf import settings as configured
from django.utils.module_loading import import_string
from pytest_django import Settings

from regards_processing.kernel import clock
from regards_processing.kernel.amqp.connection import address_from_settings
from regards_processing.kernel.amqp.probing import BrokerProbe
from regards_processing.kernel.observability import checks, sweeps
from regards_processing.kernel.observability.health import Checks, Unfit, readiness
from regards_processing.kernel.outbox.models import OutboxEntry
from tests.factories.worker_manager import AT, later

pytestmark = pytest.mark.django_db


@pytest.fixture
def silent_broker() -> Iterator[str]:
    """Give the address of somebody who takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"amqp://guest:guest@127.0.0.1:{server.getsockname()[1]}//"


def test_it_finds_every_check_that_the_settings_name() -> None:
    assert all(callable(import_string(path)) for path in configured.HEALTH_CHECKS.values())
    assert all(callable(import_string(path)) for path in configured.MEASURES.values())


def test_it_finds_database_and_broker_well() -> None:
    found = Checks({"database": checks.database, "broker": checks.broker}).run(at=AT)
    assert [(check.status, check.reason) for check in found.checks] == [
        ("passed", "It answers"),
        ("passed", "It confirmed a message"),
    ]


def test_it_leaves_nothing_on_the_embedded_broker(settings: Settings) -> None:
    settings.BROKER_URL = ""
    for _ in range(3):
        checks.broker(AT)
    assert not [name for name in os.listdir(settings.BROKER_FOLDER / "messages") if "probe" in name]  # noqa: PTH208 (names are all it needs)


@pytest.mark.rabbitmq
def test_it_leaves_nothing_on_rabbitmq(settings: Settings) -> None:
    checks.broker(AT)
    with kombu.Connection(settings.BROKER_URL) as connection:
        channel: Any = connection.channel()
        with pytest.raises(connection.channel_errors):
            channel.queue_declare("regards.probe", passive=True)


@pytest.mark.rabbitmq
def test_it_asks_again_after_its_connection_was_lost() -> None:
    probe = BrokerProbe(address=address_from_settings(), app_id="test", timeout=5)
    probe.ask()
    sender: Any = probe._publisher._sender  # noqa: SLF001 (what breaks is far below)
    sender._frames.driver.transport.sock.shutdown(socket.SHUT_RDWR)  # noqa: SLF001 (likewise)
    probe.ask()
    probe.close()


def test_it_is_not_ready_when_nobody_listens_at_the_broker(settings: Settings) -> None:
    settings.BROKER_URL = "amqp://guest:guest@127.0.0.1:1//"
    started = time.monotonic()
    found = readiness(at=clock.now())
    assert time.monotonic() - started < settings.CHECK_TIMEOUT + 1
    assert "broker: It failed with BrokerUnavailable" in found.reasons


def test_it_is_not_ready_when_the_broker_is_silent(settings: Settings, silent_broker: str) -> None:
    settings.BROKER_URL, settings.CHECK_TIMEOUT = silent_broker, 0.5
    started = time.monotonic()
    found = Checks({"broker": checks.broker, "database": checks.database}).run(at=AT)
    assert time.monotonic() - started < 1.5
    assert [check.status for check in found.checks] == ["failed", "passed"]
    assert found.checks[0].reason.startswith("No answer after 0.")


def test_it_passes_while_messages_leave_in_time() -> None:
    OutboxEntry.objects.create(created_at=AT, message_count=1, messages=b"")
    assert checks.outbox(later(60)) == "No message waits for long"


def test_it_fails_when_messages_wait_for_too_long() -> None:
    for age in (0, 61):
        OutboxEntry.objects.create(created_at=later(-age), message_count=1, messages=b"")
    with pytest.raises(Unfit, match="for 61 s, the limit is 60"):
        checks.outbox(AT)


def _run_all(seconds_ago: float = 0) -> None:
    for sweep in sweeps.scheduled_sweeps():
        sweeps.note_run(task=sweep.task, at=later(-seconds_ago))


def test_it_waits_for_the_first_sweeps_as_long_as_for_others() -> None:
    told = checks.sweeps(later(60), since=AT)
    assert re.fullmatch(r"0 sweeps run, \d+ have yet to run for the first time", told)
    with pytest.raises(Unfit, match=r"relay_outbox.*Are beat and jobs running\?"):
        checks.sweeps(later(61), since=AT)


def test_it_passes_while_the_frequent_sweeps_run() -> None:
    _run_all(seconds_ago=60)
    frequent = [sweep for sweep in sweeps.scheduled_sweeps() if sweep.period <= timedelta(seconds=30)]
    assert len(frequent) >= 3
    assert checks.sweeps(AT) == f"{len(frequent)} sweeps run"


def test_it_names_the_sweep_that_does_not_run() -> None:
    _run_all()
    sweeps.note_run(task="regards_processing.kernel.tasks.relay_outbox", at=later(-61))
    with pytest.raises(Unfit) as unfit:
        checks.sweeps(AT)
    assert str(unfit.value) == "Not run within 60 s: relay_outbox. Are beat and jobs running?"


def test_it_does_not_call_a_sweep_late_each_time_it_is_due() -> None:
    _run_all(1)
    sweeps.note_run(task="regards_processing.processing.tasks.end_lost_executions", at=later(-61))
    assert checks.sweeps(AT).endswith("sweeps run")


def test_it_does_not_wait_for_sweeps_that_run_seldom() -> None:
    _run_all()
    sweeps.note_run(task="worker_manager.tasks.forget_the_past", at=later(-3600))
    assert checks.sweeps(AT).endswith("sweeps run")
