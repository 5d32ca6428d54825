"""Statements that come often are prepared, and do what they did before."""

import pytest
from django.db import DatabaseError, OperationalError, connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from regards_processing.kernel.db import prepared
from regards_processing.kernel.db.reads import select

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

_SUM = "SELECT %s::int + 1, 'a %% b'"


@pytest.fixture(autouse=True)
def _prepare(settings: Settings) -> None:
    settings.PREPARED_STATEMENTS = True
    with connection.cursor() as cursor:
        cursor.execute("DEALLOCATE ALL")
    prepared.sessions.clear()


def _texts() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements ORDER BY prepare_time")
        return [statement.partition(" AS ")[2] for (statement,) in cursor.fetchall()]


def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepared, "_OFTEN", 1)


def test_it_prepares_what_comes_often() -> None:
    for number in range(4):
        assert select(_SUM, [number]) == [(number + 1, "a % b")]
    assert _texts() == []
    for number in range(4, 9):
        assert select(_SUM, [number]) == [(number + 1, "a % b")]
    assert _texts() == ["SELECT $1::int + 1, 'a % b'"]


def test_it_prepares_nothing_when_it_is_off(settings: Settings) -> None:
    settings.PREPARED_STATEMENTS = False
    for number in range(9):
        select(_SUM, [number])
    assert _texts() == []


def test_it_leaves_alone_what_has_named_parameters(monkeypatch: pytest.MonkeyPatch) -> None:
    _at_once(monkeypatch)
    assert select("SELECT %(one)s::int", {"one": 1}) == [(1,)]
    assert _texts() == []


def test_it_keeps_those_that_were_used_last(monkeypatch: pytest.MonkeyPatch) -> None:
    _at_once(monkeypatch)
    monkeypatch.setattr(prepared, "_MOST", 2)
    for sql in ("SELECT 1", "SELECT 2", "SELECT 1", "SELECT 3"):
        select(sql, [])
    assert _texts() == ["SELECT 1", "SELECT 3"]


def test_it_remembers_no_end_of_texts_that_come_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepared, "_MOST", 2)
    for number in range(9):
        select(f"SELECT {number}", [])
    assert len(prepared.sessions[connection.connection].seen) == 2


def test_it_throws_plans_away_that_are_old(monkeypatch: pytest.MonkeyPatch) -> None:
    _at_once(monkeypatch)
    monkeypatch.setattr(prepared, "_KEPT", -1.0)
    with CaptureQueriesContext(connection) as captured:
        select("SELECT 1", [])
    assert any("DISCARD PLANS" in query["sql"] for query in captured.captured_queries)


@pytest.mark.django_db(transaction=True)
def test_it_prepares_anew_when_the_session_has_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    _at_once(monkeypatch)
    select(_SUM, [1])
    with connection.cursor() as cursor:
        cursor.execute("DEALLOCATE ALL")
    with pytest.raises(DatabaseError, match="does not exist"):
        select(_SUM, [1])
    assert select(_SUM, [1]) == [(2, "a % b")]


@pytest.mark.django_db(transaction=True)
def test_it_prepares_anew_when_a_table_has_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    _at_once(monkeypatch)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE changing AS SELECT 'a'::varchar(5) AS name")
    try:
        assert select("SELECT name FROM changing", []) == [("a",)]
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE changing ALTER name TYPE varchar(9)")
        with pytest.raises(OperationalError, match="cached plan must not change"):
            select("SELECT name FROM changing", [])
        assert select("SELECT name FROM changing", []) == [("a",)]
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE changing")
