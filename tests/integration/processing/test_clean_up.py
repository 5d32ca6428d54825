"""What is left of executions goes in time: downloaded files and old batches. What is in use stays."""

from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from regards_processing.kernel.auth.roles import Role
from regards_processing.processing.events.outputs_downloaded import OutputsDownloaded
from regards_processing.processing.models import Batch, Execution, OutputFile, Process
from regards_processing.processing.services.configuration_import import forget_processes
from regards_processing.processing.services.executions import order_executions
from regards_processing.processing.services.outcomes import apply_responses
from regards_processing.processing.services.outputs import (
    delete_downloaded,
    forget_batches,
    note_downloads,
)
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


def test_it_forgets_old_batches_with_their_files(batch: Batch, storage: Path) -> None:
    path = storage / "demo" / "e" / "1"
    _end(path)
    assert _forgotten(_WEEK + 9) == 0
    assert _forgotten(_WEEK + 11) == 1
    assert not path.exists()
    assert not every(Execution).exists()
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
    path = storage / "demo" / "e" / "1"
    _end(path)
    assert "delete" in [link["rel"] for link in _process_call("get", batch).json()["links"]]
    assert _process_call("delete", batch).status_code == 200
    assert not every(Batch).exists()
    assert not path.exists()
