"""Folders that cannot be written or are full are found."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pytest_django import Settings

from regards_processing.kernel.doctor.findings import Outcome
from regards_processing.kernel.doctor.places import storage, work

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _folders(settings: Settings, tmp_path: Path) -> None:
    settings.VAR = settings.SHARED_STORAGE = tmp_path
    settings.WORK_FOLDER = tmp_path / "runs" / "of" / "fleets"
    settings.STORAGE_MIN_FREE = 0


def test_it_writes_and_leaves_nothing(tmp_path: Path) -> None:
    (finding,) = storage(NOON)
    assert finding.outcome == Outcome.OK
    assert finding.found.startswith(f"{tmp_path} can be written, ")
    assert list(tmp_path.iterdir()) == []


def test_it_is_content_with_a_folder_that_can_be_made(tmp_path: Path) -> None:
    var, folder = work(NOON)
    assert (var.outcome, folder.outcome) == (Outcome.OK, Outcome.OK)
    wanted = tmp_path / "runs" / "of" / "fleets"
    assert folder.found.startswith(f"{wanted} can be written, will be made when needed")
    assert list(tmp_path.iterdir()) == []


def test_it_finds_a_folder_that_is_a_file(settings: Settings, tmp_path: Path) -> None:
    settings.SHARED_STORAGE = tmp_path / "file"
    settings.SHARED_STORAGE.touch()
    (finding,) = storage(NOON)
    assert (finding.outcome, finding.facts["folder"]) == (Outcome.FAILED, str(tmp_path / "file"))
    assert "cannot be written by" in finding.found
    assert "REGARDS_SHARED_STORAGE" in finding.advice


@pytest.mark.parametrize(("embedded", "outcome"), [(True, Outcome.FAILED), (False, Outcome.WARNING)])
def test_it_wants_a_folder_of_this_machine_only_where_it_is_needed(
    settings: Settings, tmp_path: Path, outcome: Outcome, *, embedded: bool
) -> None:
    (tmp_path / "file").touch()
    settings.WORK_FOLDER, settings.EMBEDDED = tmp_path / "file" / "work", embedded
    assert [finding.outcome for finding in work(NOON)] == [Outcome.OK, outcome]


def test_it_warns_before_a_disk_is_full(settings: Settings, tmp_path: Path) -> None:
    settings.STORAGE_MIN_FREE = 2 * shutil.disk_usage(tmp_path).free
    (finding,) = storage(NOON)
    assert (finding.outcome, "STORAGE_MIN_FREE_BYTES wants" in finding.found) == (Outcome.WARNING, True)


def test_it_fails_when_a_disk_is_as_good_as_full(settings: Settings, tmp_path: Path) -> None:
    settings.STORAGE_MIN_FREE = 20 * shutil.disk_usage(tmp_path).free
    (finding,) = storage(NOON)
    assert finding.outcome == Outcome.FAILED
