"""What is left of executions goes in time: downloaded files and old batches. What is in use stays."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from regards_processing.kernel.auth.roles import Role
from regards_processing.processing.events.outputs_downloaded import OutputsDownloaded
from regards_processing.processing.models import Batch, Execution, OutputFile, Process, UnneededFolder
from regards_processing.processing.services.configuration_import import forget_processes
from regards_processing.processing.services.executions import order_executions
from regards_processing.processing.services.outcomes import apply_responses
from regards_processing.processing.services.outputs import (
    clean_up,
    delete_downloaded,
    forget_batches,
    note_downloads,
)
from regards_processing.processing.services.processes import delete_process
from regards_processing.processing.services.unneeded_folders import remove_unneeded
from tests.factories.audit import ADA
from tests.factories.executions import a_batch, a_response, an_execution_order, an_outcome, the_execution
from tests.factories.processing import a_process
from tests.factories.rest import client_as
from tests.factories.rows import every
from tests.factories.worker_manager import AT, a_tenant, later
from tests.fakes.engine import committing

pytestmark = pytest.mark.django_db

_WEEK = 7 * 86_400


@pytest.fixture
def storage(settings: Settings, tmp_path: Path) -> Path:
    settings.SHARED_STORAGE = tmp_path / "storage"
    return tmp_path / "storage"


@pytest.fixture
def batch() -> Batch:
    tenant = a_tenant()
    opened = a_batch(tenant, a_process(tenant, to_all=True))
    with committing(execute=True):
        order_executions(orders=[an_execution_order(opened)], at=AT)
    return opened


def _end(*paths: Path) -> None:
    """End the execution with these files."""
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    made = [{"name": path.name, "url": f"file:{path}", "size": 1, "sha256": "a"} for path in paths]
    response = a_response(the_execution().pk, content=an_outcome(outputs=made))
    with committing(execute=True):
        apply_responses(responses=[response], at=later(10))


def _folder(storage: Path) -> Path:
    """Return the folder of the execution in the storage, as fleets call it."""
    return storage / "demo" / str(the_execution().pk)


def _unmount(storage: Path, mount_point: str) -> None:
    """Take the storage away, and leave an empty folder."""
    storage.rename(storage.with_name("unmounted"))
    storage.with_name(mount_point).mkdir()


def _mount(storage: Path) -> None:
    shutil.rmtree(storage, ignore_errors=True)
    storage.with_name("unmounted").rename(storage)


def _forgotten(seconds: int) -> int:
    with committing(execute=True):
        return forget_batches(at=later(seconds))


def _downloaded(*paths: Path, tenant: str = "demo") -> None:
    note_downloads(downloads=[OutputsDownloaded(tenant=tenant, urls=tuple(f"file:{path}" for path in paths))])


def test_it_deletes_what_has_been_downloaded_and_nothing_else(batch: Batch, storage: Path) -> None:
    first, second = storage / "demo" / "e" / "1", storage / "demo" / "e" / "2"
    _end(first, second)
    _downloaded(first, storage / "unknown")
    assert delete_downloaded() == 1
    assert (first.exists(), second.exists()) == (False, True)
    assert delete_downloaded() == 0
    _downloaded(second)
    assert delete_downloaded() == 1
    assert not second.parent.exists()
    assert batch.pk == the_execution().batch_id


def test_it_believes_nobody_of_another_tenant(batch: Batch, storage: Path) -> None:
    a_tenant(name="other")
    path = storage / "demo" / "e" / "1"
    _end(path)
    _downloaded(path, tenant="other")
    assert delete_downloaded() == 0
    assert path.exists()
    assert every(Batch).get() == batch


def test_it_deletes_nothing_outside_the_storage(batch: Batch, storage: Path) -> None:
    outside = storage.parent / "precious"
    _end(outside)
    _downloaded(outside)
    assert delete_downloaded() == 0
    assert outside.exists()
    assert every(Batch).get() == batch


def test_it_tries_again_what_cannot_be_deleted(batch: Batch, storage: Path) -> None:
    path = storage / "demo" / "e" / "1"
    _end(path)
    path.unlink()
    path.mkdir()
    _downloaded(path)
    assert delete_downloaded() == 0
    path.rmdir()
    assert delete_downloaded() == 1
    assert every(OutputFile).get().deleted
    assert every(Batch).get() == batch


@pytest.mark.parametrize("mount_point", ["storage", "elsewhere"])
def test_it_takes_no_file_for_deleted_while_the_storage_is_not_mounted(
    batch: Batch, storage: Path, mount_point: str
) -> None:
    path = storage / "demo" / "e" / "1"
    _end(path)
    _downloaded(path)
    _unmount(storage, mount_point)
    assert delete_downloaded() == 0
    _mount(storage)
    assert delete_downloaded() == 1
    assert not path.exists()
    assert every(Batch).get() == batch


@pytest.mark.parametrize("url", ["file:/a%00", "file://[x", "file:{storage}/demo/loop"])
def test_it_cleans_up_beside_a_file_that_has_no_path(batch: Batch, storage: Path, url: str) -> None:
    path = storage / "demo" / "e" / "1"
    _end(path)
    (storage / "demo" / "loop").symlink_to("loop")
    every(OutputFile).update(url=url.format(storage=storage), downloaded=True)
    assert delete_downloaded() == 0
    assert _forgotten(2 * _WEEK) == 1
    assert not every(Batch).filter(pk=batch.pk).exists()


def test_it_forgets_old_batches_when_nothing_can_be_deleted(
    batch: Batch, storage: Path, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    path = storage / "demo" / "e" / "1"
    _end(path)
    _downloaded(path)
    settings.SHARED_STORAGE = None
    assert clean_up(at=later(2 * _WEEK)) == 1
    failed = [record for record in caplog.records if record.msg == "part of a sweep failed"]
    assert len(failed) == 2
    assert not every(Batch).filter(pk=batch.pk).exists()


def test_it_forgets_old_batches_with_their_files(batch: Batch, storage: Path) -> None:
    path = _folder(storage) / "1"
    _end(path)
    neighbour = storage / "demo" / "others" / "1"
    neighbour.parent.mkdir()
    neighbour.touch()
    # Of an attempt whose answer did not count.
    path.with_name("2").touch()
    assert _forgotten(_WEEK + 9) == 0
    assert _forgotten(_WEEK + 11) == 1
    assert not every(Execution).exists()
    assert not every(Batch).filter(pk=batch.pk).exists()
    assert remove_unneeded() == 1
    assert not path.parent.exists()
    assert neighbour.exists()
    assert not every(UnneededFolder).exists()


def test_it_removes_folders_again_until_it_works(batch: Batch, storage: Path) -> None:
    folder, elsewhere = _folder(storage), storage.parent / "elsewhere"
    _end(folder / "1")
    folder.rename(elsewhere)
    folder.symlink_to(elsewhere)
    assert _forgotten(2 * _WEEK) == 1
    assert remove_unneeded() == 0
    assert (elsewhere / "1").exists()
    folder.unlink()
    elsewhere.rename(folder)
    assert remove_unneeded() == 1
    assert not folder.exists()
    assert not every(Batch).filter(pk=batch.pk).exists()


def test_it_removes_nothing_where_the_folder_of_a_tenant_leads_elsewhere(batch: Batch, storage: Path) -> None:
    _end(_folder(storage) / "1")
    elsewhere = storage.parent / "elsewhere"
    (storage / "demo").rename(elsewhere)
    (storage / "demo").symlink_to(elsewhere)
    assert _forgotten(2 * _WEEK) == 1
    assert remove_unneeded() == 0
    assert len(list(elsewhere.glob("*/1"))) == 1
    assert not every(Batch).filter(pk=batch.pk).exists()


@pytest.mark.parametrize("mount_point", ["storage", "elsewhere"])
def test_it_waits_for_a_storage_that_is_not_mounted(batch: Batch, storage: Path, mount_point: str) -> None:
    folder = _folder(storage)
    _end(folder / "1")
    _unmount(storage, mount_point)
    assert _forgotten(2 * _WEEK) == 1
    assert remove_unneeded() == 0
    _mount(storage)
    assert remove_unneeded() == 1
    assert not folder.exists()
    assert not every(Batch).filter(pk=batch.pk).exists()


def test_it_notes_no_folder_for_ever_that_was_never_made(batch: Batch, storage: Path) -> None:
    _end()
    (storage / "other").mkdir(parents=True)
    assert _forgotten(2 * _WEEK) == 1
    assert remove_unneeded() == 1
    assert not every(Batch).filter(pk=batch.pk).exists()


def test_it_keeps_batches_with_open_executions(batch: Batch) -> None:
    assert _forgotten(10 * _WEEK) == 0
    assert every(Batch).get() == batch


def test_it_keeps_batches_that_wait_for_their_first_execution() -> None:
    tenant = a_tenant()
    a_batch(tenant, a_process(tenant, to_all=True))
    assert _forgotten(_WEEK - 1) == 0
    assert _forgotten(_WEEK + 1) == 1


def _process_call(verb: str, batch: Batch) -> Any:
    address = f"/api/v1/rs-processing/processplugins/config/{batch.process_id}"
    with committing(execute=True):
        return getattr(client_as(Role.ADMIN, tenant="demo"), verb)(address)


def test_it_deletes_no_process_that_is_in_use(batch: Batch) -> None:
    assert [link["rel"] for link in _process_call("get", batch).json()["links"]] == ["self", "update"]
    refused = _process_call("delete", batch)
    assert refused.status_code == 422
    expected = f"Can not delete process {batch.process_id} because still in use by executions."
    assert refused.json()["messages"] == [expected]
    assert forget_processes(tenant=batch.tenant, at=AT) == [expected]
    assert every(Process).exists()


def test_it_deletes_a_process_with_its_ended_batches(batch: Batch, storage: Path) -> None:
    path = _folder(storage) / "1"
    _end(path)
    assert "delete" in [link["rel"] for link in _process_call("get", batch).json()["links"]]
    assert _process_call("delete", batch).status_code == 200
    assert not every(Batch).exists()
    assert remove_unneeded() == 1
    assert not path.exists()


def _dropped(caplog: pytest.LogCaptureFixture) -> list[int]:
    """Return how many batches were dropped at once, each time."""
    return [record.__dict__["batches"] for record in caplog.records if record.msg == "batches dropped"]


@pytest.mark.parametrize("seconds", [7200, 60])
def test_it_deletes_a_process_with_its_batches_page_by_page(
    seconds: int, batch: Batch, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.SWEEP_PAGE = 2
    caplog.set_level("INFO")
    _end()
    others = [Batch(tenant=batch.tenant, process_id=batch.process_id, created=AT) for _ in range(4)]
    every(Batch).bulk_create(others)
    delete_process(tenant=batch.tenant, process_id=batch.process_id, actor=ADA, at=later(seconds))
    assert _dropped(caplog) == [2, 2, 1]
    assert not every(Batch).exists()
    assert not every(Process).exists()


def test_it_deletes_old_batches_before_it_locks_the_configuration(batch: Batch) -> None:
    _end()
    with CaptureQueriesContext(connection) as captured:
        delete_process(tenant=batch.tenant, process_id=batch.process_id, actor=ADA, at=later(7200))
    statements = [query["sql"] for query in captured]
    (dropped,) = (n for n, text in enumerate(statements) if text.startswith('DELETE FROM "processing_batch"'))
    locked = [n for n, text in enumerate(statements) if 'FROM "regards_tenant"' in text]
    assert dropped < locked[-1]
    assert not every(Process).exists()


def test_it_discards_the_files_of_an_answer_after_the_end(batch: Batch, storage: Path) -> None:
    folder = _folder(storage)
    with committing(execute=True):
        error = a_response(the_execution().pk, state="ERROR", messages=("lost",))
        apply_responses(responses=[error], at=later(5))
    _end(folder / "1")
    assert remove_unneeded() == 1
    assert not folder.exists()
    assert every(Batch).get() == batch


def test_it_keeps_the_files_of_an_answer_that_comes_twice(batch: Batch, storage: Path) -> None:
    path = _folder(storage) / "1"
    _end(path)
    _end(path)
    assert remove_unneeded() == 0
    assert path.exists()
    assert every(Batch).get() == batch
