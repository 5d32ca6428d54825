"""The tables' row-level security follows the setting."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django import Settings

from regards_processing.kernel.audit.models import AuditEntry
from regards_processing.kernel.db.reads import select
from regards_processing.kernel.tenancy import row_security
from regards_processing.kernel.tenancy.scope import models_of_tenants
from tests.factories.audit import ADA, NOON
from tests.factories.database_roles import connected_as, ordinary_role
from tests.fakes.other_process import while_uncommitted

pytestmark = pytest.mark.django_db

_postgres = pytest.mark.postgres


def _tables() -> list[str]:
    return sorted(model._meta.db_table for model in models_of_tenants())


def _protected() -> list[str]:
    rows = select(
        "SELECT relname FROM pg_class JOIN pg_policy ON polrelid = pg_class.oid "
        "WHERE relrowsecurity AND relforcerowsecurity ORDER BY 1",
        [],
    )
    return [name for (name,) in rows]


def _run(*arguments: str) -> tuple[list[str], list[str]]:
    out, err = StringIO(), StringIO()
    with pytest.raises(SystemExit, match="1"):
        call_command("row_security", *arguments, stdout=out, stderr=err, no_color=True)
    return out.getvalue().splitlines(), err.getvalue().splitlines()


@_postgres
def test_it_protects_every_table_that_has_a_tenant_and_takes_that_back() -> None:
    assert row_security.switch(wanted=True, actor=ADA, at=NOON) == _tables() == _protected()
    assert row_security.switch(wanted=True, actor=ADA, at=NOON) == []
    assert row_security.switch(wanted=False, actor=ADA, at=NOON) == _tables()
    assert (row_security.switch(wanted=False, actor=ADA, at=NOON), _protected()) == ([], [])


@_postgres
def test_it_records_what_it_changed() -> None:
    for wanted in (True, True, False):
        row_security.switch(wanted=wanted, actor=ADA, at=NOON)
    recorded = AuditEntry.objects.order_by("pk").values_list("action", "tenant", "details__tables")
    assert list(recorded) == [
        ("row_security.enabled", None, _tables()),
        ("row_security.disabled", None, _tables()),
    ]


@_postgres
@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE workermanager_workflow DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE workermanager_workflow NO FORCE ROW LEVEL SECURITY",
        "DROP POLICY tenant_isolation ON workermanager_workflow",
        "COMMENT ON POLICY tenant_isolation ON workermanager_workflow IS 'of an older release'",
    ],
)
def test_it_sets_right_what_somebody_changed(statement: str) -> None:
    row_security.switch(wanted=True, actor=ADA, at=NOON)
    with connection.cursor() as cursor:
        cursor.execute(statement)
    wrong = "workermanager_workflow is not protected, or by an older policy"
    assert wrong in row_security.problems(wanted=True)
    assert row_security.switch(wanted=True, actor=ADA, at=NOON) == ["workermanager_workflow"]
    assert wrong not in row_security.problems(wanted=True)


@_postgres
def test_it_finds_tables_that_are_protected_in_spite_of_the_setting() -> None:
    row_security.switch(wanted=True, actor=ADA, at=NOON)
    found = row_security.problems(wanted=False)
    assert found == [f"{table} is protected, but ROW_LEVEL_SECURITY is off" for table in _tables()]


@_postgres
def test_it_finds_nothing_wrong_with_an_ordinary_role() -> None:
    row_security.switch(wanted=True, actor=ADA, at=NOON)
    with ordinary_role() as role, connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL ROLE {role}")
        assert row_security.problems(wanted=True) == []
        cursor.execute("RESET ROLE")


@_postgres
def test_it_protects_on_the_command_line_and_finds_that_a_superuser_is_above_it(
    settings: Settings,
) -> None:
    settings.ROW_LEVEL_SECURITY = True
    assert _run("--check")[1][0] == f"{_tables()[0]} is not protected, or by an older policy"
    changed, problems = _run()
    assert changed == [f"{table} protected" for table in _tables()]
    assert [problem.split(" is above all policies")[0] for problem in problems] == [
        f"Role {connection.settings_dict['USER']}"
    ]


@_postgres
def test_it_takes_the_protection_away_on_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    row_security.switch(wanted=True, actor=ADA, at=NOON)
    call_command("row_security")
    call_command("row_security", "--check")
    assert capsys.readouterr().out.splitlines() == [f"{table} no longer protected" for table in _tables()]


@_postgres
@pytest.mark.django_db(transaction=True)
def test_it_changes_nothing_when_it_may_not(settings: Settings) -> None:
    settings.ROW_LEVEL_SECURITY = True
    with ordinary_role() as role, connected_as(role), pytest.raises(CommandError, match="must be owner"):
        call_command("row_security")
    assert _protected() == []


@_postgres
@pytest.mark.django_db(transaction=True)
def test_it_changes_nothing_while_a_table_is_in_use() -> None:
    def switch() -> list[str]:
        return row_security.switch(wanted=True, actor=ADA, at=NOON, patience=timedelta(milliseconds=50))

    with while_uncommitted(switch) as other:
        select("SELECT 1 FROM workermanager_workflow", [])
    with pytest.raises(row_security.TablesBusy):
        other.result()
    assert _protected() == []


@_postgres
def test_it_asks_for_migrations_when_a_table_is_missing() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE workermanager_workflow")
    with pytest.raises(row_security.TablesMissing):
        row_security.problems(wanted=True)


@pytest.mark.embedded
def test_it_explains_that_sqlite_has_none(settings: Settings) -> None:
    assert row_security.problems(wanted=False) == []
    with pytest.raises(CommandError, match="SQLite has no row-level security"):
        call_command("row_security")
    settings.ROW_LEVEL_SECURITY = True
    assert _run("--check")[1] == ["SQLite has no row-level security: only PostgreSQL hides rows by itself."]
