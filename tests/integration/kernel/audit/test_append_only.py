"""Entries are only ever added; the database itself sees to that."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection
from pytest_django import Settings

from regards_processing.kernel.audit.models import AuditEntry
from regards_processing.kernel.audit.services import forget_old_entries
from regards_processing.kernel.audit.tasks import forget_old_audit_entries
from regards_processing.kernel.db.transactions import transaction
from tests.factories.audit import NOON, some_entries

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("guarded")]

_DAY = timedelta(days=1)


def _targets() -> list[str]:
    return list(AuditEntry.objects.order_by("pk").values_list("target", flat=True))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE regards_audit_entry SET actor = 'nobody'",
        "DELETE FROM regards_audit_entry",
        "DELETE FROM regards_audit_entry WHERE target = 'r-1'",
    ],
)
def test_it_refuses_to_rewrite_the_past(statement: str) -> None:
    some_entries("r-1", "r-2")
    with (
        pytest.raises(IntegrityError, match="Audit entries are only ever added"),
        transaction(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    assert _targets() == ["r-1", "r-2"]


def test_it_refuses_to_delete_a_row_by_the_orm() -> None:
    some_entries("r-1")
    with pytest.raises(IntegrityError, match="DELETE is refused"), transaction():
        AuditEntry.objects.get().delete()


def test_it_forgets_what_is_old_enough_and_says_so() -> None:
    some_entries("old-1", "old-2", age=2 * _DAY)
    some_entries("young", age=_DAY)
    assert forget_old_entries(at=NOON, kept=_DAY) == 2
    assert _targets() == ["young", "entries before 2026-05-31T12:00:00+00:00"]
    last = AuditEntry.objects.latest("pk")
    assert (last.actor, last.origin, last.action) == ("retention", "PLATFORM", "audit.forgotten")
    assert last.details == {"entries": 2, "keptSeconds": 86_400}


def test_it_forgets_more_than_one_page() -> None:
    some_entries(*map(str, range(1_001)), age=2 * _DAY)
    assert forget_old_entries(at=NOON, kept=_DAY) == 1_001


def test_it_says_nothing_when_nothing_is_old() -> None:
    some_entries("young")
    assert forget_old_entries(at=NOON, kept=_DAY) == 0
    assert _targets() == ["young"]


def test_it_closes_the_door_behind_it() -> None:
    some_entries("old", "young", age=_DAY)
    forget_old_entries(at=NOON, kept=timedelta(0))
    with pytest.raises(IntegrityError), transaction():
        AuditEntry.objects.all().delete()


def test_it_keeps_everything_for_ever_unless_told_otherwise() -> None:
    some_entries("old", age=10_000 * _DAY)
    assert forget_old_audit_entries() == 0
    assert _targets() == ["old"]


def test_it_keeps_entries_as_long_as_the_setting_says(settings: Settings) -> None:
    settings.AUDIT_KEPT = 86_400
    some_entries("old")
    assert forget_old_audit_entries() == 1
