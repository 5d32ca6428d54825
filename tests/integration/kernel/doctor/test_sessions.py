"""The doctor notices a pooler that gives each transaction another session."""

from collections.abc import Callable
from itertools import cycle

import pytest
from pytest_django import Settings

from regards_processing.kernel.doctor import sessions
from regards_processing.kernel.doctor.findings import Outcome
from tests.factories.audit import NOON


def _answering(*processes: int) -> Callable[[], int]:
    return cycle(processes).__next__


@pytest.mark.parametrize(
    ("first", "second"), [((1,), (1,)), ((1, 1, 1, 3), (2,)), ((1,), (2, 2, 4))], ids=str
)
def test_it_sees_that_sessions_are_shared(first: tuple[int, ...], second: tuple[int, ...]) -> None:
    assert sessions.are_shared(_answering(*first), _answering(*second))


def test_it_sees_that_they_are_not() -> None:
    assert not sessions.are_shared(_answering(1), _answering(2))


@pytest.mark.postgres
@pytest.mark.django_db
def test_it_finds_that_nothing_is_between() -> None:
    (finding,) = sessions.sessions_kept(NOON)
    assert finding.outcome == Outcome.OK
    assert finding.found == "Each connection to the database has a session of its own"


@pytest.mark.parametrize(
    ("needing", "expected"),
    [
        ({"PREPARED_STATEMENTS": False}, []),
        ({"PREPARED_STATEMENTS": True}, ["Set DATABASE_PREPARED_STATEMENTS"]),
        ({"ROW_LEVEL_SECURITY": True}, ["Set ROW_LEVEL_SECURITY"]),
    ],
    ids=str,
)
def test_it_names_what_needs_them(needing: dict[str, bool], expected: list[str], settings: Settings) -> None:
    for name, value in needing.items():
        setattr(settings, name, value)
    findings = list(sessions.problems())
    assert {finding.outcome for finding in findings} <= {Outcome.FAILED}
    assert [(finding.advice or "").split("=")[0] for finding in findings] == expected


@pytest.mark.embedded
def test_it_has_nothing_to_look_at_without_a_server() -> None:
    (finding,) = sessions.sessions_kept(NOON)
    assert finding.outcome == Outcome.SKIPPED
