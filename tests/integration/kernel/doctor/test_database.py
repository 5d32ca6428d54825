"""The doctor finds what is wrong with the database."""

from datetime import timedelta

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from pytest_django import Settings

from regards_processing.kernel import clock
from regards_processing.kernel.amqp.envelope import Outbound, pack
from regards_processing.kernel.doctor import database
from regards_processing.kernel.doctor.findings import Outcome
from regards_processing.kernel.outbox.models import OutboxEntry
from tests.factories.audit import NOON

pytestmark = pytest.mark.django_db


def test_it_names_the_database_that_answers() -> None:
    (finding, *_) = database.reachable(NOON)
    assert finding.outcome == Outcome.OK
    assert finding.found.startswith(f"{connection.display_name} {connection.get_database_version()[0]}.")
    assert str(connection.settings_dict["NAME"]) in finding.found


def test_it_is_content_with_the_tables_of_this_release() -> None:
    (finding,) = database.migrated(NOON)
    assert finding.outcome == Outcome.OK


def test_it_finds_missing_migrations() -> None:
    MigrationRecorder(connection).record_unapplied("audit", "0004_messages_act")
    (finding,) = database.migrated(NOON)
    assert finding.found == "The database lacks 1 migrations, the first one is audit.0004_messages_act"
    assert (finding.outcome, finding.advice) == (Outcome.FAILED, "manage.py migrate")


def test_it_finds_the_tables_of_a_later_release() -> None:
    MigrationRecorder(connection).record_applied("audit", "0999_of_tomorrow")
    (finding,) = database.migrated(NOON)
    assert finding.outcome == Outcome.WARNING
    assert "does not know, the first one is audit.0999_of_tomorrow" in finding.found


def test_it_sees_that_the_audit_trail_is_guarded() -> None:
    (finding,) = database.audit_kept(NOON)
    assert finding.outcome == Outcome.OK


def test_it_finds_an_audit_trail_that_can_be_changed() -> None:
    drop = {
        "postgresql": ["DROP TRIGGER regards_audit_entry_is_kept ON regards_audit_entry"],
        "sqlite": [
            "DROP TRIGGER regards_audit_entry_is_not_changed",
            "DROP TRIGGER regards_audit_entry_is_not_deleted",
        ],
    }
    with connection.cursor() as cursor:
        for statement in drop[connection.vendor]:
            cursor.execute(statement)
    (finding,) = database.audit_kept(NOON)
    assert (finding.outcome, "its triggers are gone" in finding.found) == (Outcome.FAILED, True)


def test_it_finds_messages_that_do_not_leave() -> None:
    OutboxEntry.objects.create(created_at=NOON - timedelta(seconds=90), message_count=5, messages=b"")
    OutboxEntry.objects.create(created_at=NOON, message_count=2, messages=b"")
    (finding,) = database.outbox_empty(NOON)
    assert finding.outcome == Outcome.FAILED
    assert finding.found == "7 messages wait in the outbox, the oldest for 90 s"


def test_it_tells_for_whom_the_messages_of_the_outbox_are() -> None:
    messages = [
        Outbound(exchange="e", headers={}, body=b"", worker_type="bad"),
        Outbound(exchange="e", headers={}, body=b"", worker_type="bad"),
        Outbound(exchange="e", headers={}, body=b""),
        Outbound(exchange="", routing_key="q", headers={}, body=b""),
    ]
    for packed in (pack(messages), b"cut short"):
        before = NOON - timedelta(seconds=90)
        OutboxEntry.objects.create(created_at=before, message_count=4, messages=packed)
    (finding,) = database.outbox_empty(NOON)
    assert finding.advice.endswith(
        "\nThe oldest are for nowhere, they cannot be read (4), "
        "worker type bad (2), exchange e (1), queue q (1)"
    )


def test_it_is_content_with_messages_that_have_just_been_written() -> None:
    OutboxEntry.objects.create(created_at=NOON, message_count=2, messages=b"")
    (finding,) = database.outbox_empty(NOON)
    assert finding.outcome == Outcome.OK


def test_it_compares_the_walls_between_tenants_with_the_setting(settings: Settings) -> None:
    settings.ROW_LEVEL_SECURITY = True
    findings = list(database.rows_secured(NOON))
    assert {finding.outcome for finding in findings} == {Outcome.FAILED}
    settings.ROW_LEVEL_SECURITY = False
    (finding,) = database.rows_secured(NOON)
    assert finding.found == "Row-level security is off, as ROW_LEVEL_SECURITY says"


@pytest.mark.postgres
def test_it_sees_that_the_clocks_agree() -> None:
    (finding,) = database.clock_agrees(clock.now())
    assert finding.outcome == Outcome.OK


@pytest.mark.postgres
def test_it_finds_clocks_that_differ(settings: Settings) -> None:
    settings.CLOCK_TOLERANCE = -1
    (finding,) = database.clock_agrees(clock.now())
    assert (finding.outcome, "the database server" in finding.found) == (Outcome.WARNING, True)


@pytest.mark.embedded
def test_it_compares_no_clock_where_there_is_only_one() -> None:
    (finding,) = database.clock_agrees(clock.now())
    assert finding.outcome == Outcome.SKIPPED
