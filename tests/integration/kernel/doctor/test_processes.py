"""The doctor sees whether beat and the jobs workers run the sweeps."""

import resource
from collections.abc import Iterator
from datetime import timedelta

import pytest
from pytest_django import Settings

from regards_processing.kernel.doctor.findings import Outcome
from regards_processing.kernel.doctor.processes import files, sweeps
from regards_processing.kernel.observability.sweeps import note_run
from tests.factories.audit import NOON

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _two_sweeps(settings: Settings) -> None:
    settings.CELERY_BEAT_SCHEDULE = {
        "often": {"task": "a.often", "schedule": 3.0},
        "rarely": {"task": "a.rarely", "schedule": 3600.0},
    }


def _told() -> list[tuple[Outcome, str]]:
    return [(finding.outcome, finding.found) for finding in sweeps(NOON)]


def test_it_warns_when_no_sweep_has_ever_run() -> None:
    (finding,) = sweeps(NOON)
    assert (finding.outcome, finding.found) == (Outcome.WARNING, "No sweep has ever run")
    assert "celery -A regards_processing beat" in finding.advice


def test_it_is_content_when_the_frequent_ones_run() -> None:
    note_run(task="a.often", at=NOON)
    assert _told() == [(Outcome.OK, "rarely: not run yet"), (Outcome.OK, "1 sweeps run")]


def test_it_finds_sweeps_that_have_stopped() -> None:
    note_run(task="a.often", at=NOON - timedelta(seconds=61))
    note_run(task="a.rarely", at=NOON - timedelta(seconds=3601))
    assert _told() == [
        (Outcome.FAILED, "These sweeps have stopped: often (61 s ago)"),
        (Outcome.OK, "1 sweeps run"),
    ]


@pytest.fixture
def few_files() -> Iterator[int]:
    """Let this process open fewer files than most do."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (1000, hard))
    yield 1000
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_it_warns_of_processes_that_may_open_few_files(few_files: int) -> None:
    (finding,) = files(NOON)
    assert (finding.outcome, f"may have {few_files} files" in finding.found) == (Outcome.WARNING, True)
