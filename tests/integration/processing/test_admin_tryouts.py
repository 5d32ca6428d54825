"""Try-outs in the admin: a file goes to the fleets, and goes away with its batch."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import unquote, urlsplit
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import Settings

from regards_processing.kernel.audit.models import AuditEntry
from regards_processing.kernel.db.transactions import transaction
from regards_processing.processing.models import (
    Batch,
    Execution,
    PluginConfiguration,
    Process,
    UnneededFolder,
)
from regards_processing.processing.services.cancellation import cancel_batch
from regards_processing.processing.services.outputs import clean_up, forget_batches
from regards_processing.processing.services.processes import delete_process
from regards_processing.processing.services.tryouts import TriedFile, try_process
from regards_processing.processing.services.unneeded_folders import note, remove_unneeded
from tests.factories.audit import ADA
from tests.factories.processing import a_process
from tests.factories.rows import every
from tests.factories.worker_manager import a_tenant, later
from tests.fakes.engine import committing

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def storage(tmp_path: Path, settings: Settings) -> Path:
    settings.SHARED_STORAGE = tmp_path
    a_process(a_tenant(), "Crop", role="PROJECT_ADMIN", datasets=["URN:A"])
    return tmp_path


def _address() -> str:
    return f"/admin/processing/process/{every(Process).get().pk}/try/"


def _file(name: str = "one.raw") -> dict[str, SimpleUploadedFile]:
    return {"file": SimpleUploadedFile(name, b"1234")}


def _files(storage: Path) -> list[Path]:
    return [path for path in storage.rglob("*") if path.is_file()]


def test_it_orders_an_execution_on_the_file_and_leads_to_it(admin_client: Client, storage: Path) -> None:
    answer = admin_client.post(_address(), _file("../né\r<b>.raw"))
    made = every(Execution).get()
    assert answer["Location"] == f"/admin/processing/execution/{made.pk}/change/"
    (given,) = made.input_files
    path = Path(unquote(urlsplit(given["url"]).path))
    assert path.parent.parent == storage / "demo"
    assert path.read_bytes() == b"1234"
    assert given["localRelativePath"] == path.name == "n_b_.raw"
    assert (made.status, made.user_email, given["bytes"]) == ("REGISTERED", "admin", 4)
    assert AuditEntry.objects.get(action="process.tried").details["execution"] == str(made.pk)


def test_it_removes_the_file_with_its_batch(admin_client: Client, storage: Path) -> None:
    admin_client.post(_address(), _file())
    batch = every(Batch).select_related("tenant").get()
    with committing(execute=True):
        cancel_batch(tenant=batch.tenant, batch_id=batch.pk, actor=ADA, at=batch.created)
    assert len(_files(storage)) == 1
    with committing(execute=True):
        forget_batches(at=later(400 * 86_400 * 10))
    remove_unneeded()
    assert not every(Batch).exists()
    assert _files(storage) == []


def test_it_removes_the_file_with_its_process(admin_client: Client, storage: Path) -> None:
    admin_client.post(_address(), _file())
    batch = every(Batch).select_related("tenant").get()
    with committing(execute=True):
        cancel_batch(tenant=batch.tenant, batch_id=batch.pk, actor=ADA, at=batch.created)
        delete_process(tenant=batch.tenant, process_id=batch.process_id, actor=ADA, at=batch.created)
    remove_unneeded()
    assert not every(Batch).exists()
    assert _files(storage) == []


def test_it_keeps_no_file_of_what_is_refused(admin_client: Client, storage: Path) -> None:
    every(PluginConfiguration).update(active=False)
    page = admin_client.post(_address(), _file()).content.decode()
    assert "is inactive" in page
    assert _files(storage) == []
    assert "This field is required" in admin_client.post(_address(), {"x": "y"}).content.decode()


def test_it_spares_a_file_that_is_still_coming(storage: Path) -> None:
    process = every(Process).select_related("tenant").get()
    now = datetime.now(UTC)

    def coming() -> Iterator[bytes]:
        yield b"12"
        (noted,) = every(UnneededFolder)
        assert (storage / "demo" / noted.name / "one.raw").exists()
        assert clean_up(at=now) == 0
        yield b"34"

    made = try_process(
        tenant=process.tenant,
        process_id=process.process_id,
        file=TriedFile(name="one.raw", chunks=coming()),
        parameters={},
        actor=ADA,
        at=now,
    )
    assert every(Execution).get().pk == made
    assert not every(UnneededFolder).exists()
    assert clean_up(at=now + timedelta(hours=2)) == 0
    assert [path.read_bytes() for path in _files(storage)] == [b"1234"]


def test_it_removes_the_file_that_a_killed_process_has_left(storage: Path) -> None:
    tenant, name = every(Process).select_related("tenant").get().tenant, f"try-out-{uuid4()}"
    with transaction():
        note(folders=[(tenant.pk, name)])
    (storage / "demo" / name).mkdir(parents=True)
    (storage / "demo" / name / "one.raw").touch()
    assert clean_up(at=datetime.now(UTC)) == 0
    assert clean_up(at=datetime.now(UTC) + timedelta(hours=2)) == 1
    assert _files(storage) == []


def test_it_lets_those_only_try_who_may(client: Client) -> None:
    user = User.objects.create_user("ada", is_staff=True)
    client.force_login(user)
    assert client.get(_address()).status_code == 403
    user.user_permissions.set(Permission.objects.filter(codename="add_execution"))
    assert client.post(_address(), _file()).status_code == 302
