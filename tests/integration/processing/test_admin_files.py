"""Files and logs of executions in the admin: downloads stay inside the shared storage."""

from pathlib import Path
from uuid import UUID, uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from regards_processing.processing.models import Execution, OutputFile
from regards_processing.processing.services.executions import order_executions
from regards_processing.processing.services.outcomes import apply_responses
from tests.factories.executions import a_batch, a_response, an_execution_order, an_outcome, the_execution
from tests.factories.processing import a_process
from tests.factories.rows import every
from tests.factories.worker_manager import AT, a_tenant, later
from tests.fakes.engine import committing

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def storage(tmp_path: Path, settings: Settings) -> Path:
    settings.SHARED_STORAGE = tmp_path / "storage"
    settings.SHARED_STORAGE.mkdir()
    return tmp_path / "storage"


def _made(url: str, name: str = "F1/one.tif") -> OutputFile:
    """Return the one output file of an execution that has ended."""
    tenant = a_tenant()
    batch = a_batch(tenant, a_process(tenant, "Crop", to_all=True))
    output = {"name": name, "url": url, "size": 4, "sha256": "ab" * 32}
    with committing(execute=True):
        order_executions(orders=[an_execution_order(batch)], at=AT)
        content = an_outcome(outputs=[output])
        apply_responses(responses=[a_response(the_execution().pk, content=content)], at=later(5))
    found: OutputFile = every(OutputFile).get()
    return found


def _address(output: OutputFile, execution_id: UUID | None = None) -> str:
    execution = execution_id or output.execution_id
    return f"/admin/processing/execution/{execution}/outputs/{output.pk}/"


def test_it_sends_an_output_file_to_save_whatever_it_is_called(admin_client: Client, storage: Path) -> None:
    (storage / "one two").write_bytes(b"<script>")
    output = _made(f"file://{storage}/one%20two", name='F1/"\r\nX: <b>.html')
    answer = admin_client.get(_address(output))
    assert b"".join(answer) == b"<script>"
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Disposition"] == 'attachment; filename="_X_b_.html"'


@pytest.mark.parametrize("hidden", ["{0}/storage/../secret", "{0}/storage/%2e%2e/secret", "{0}/storage/link"])
def test_it_sends_nothing_from_outside_the_storage(
    admin_client: Client, storage: Path, tmp_path: Path, hidden: str
) -> None:
    (tmp_path / "secret").write_text("secret")
    (storage / "link").symlink_to(tmp_path / "secret")
    output = _made("file://" + hidden.format(tmp_path))
    answer = admin_client.get(_address(output), follow=True)
    assert "is not in the shared storage" in answer.content.decode()


@pytest.mark.parametrize("url", ["file:///gone", "s3://bucket/one", "file:%00", "http://[", "{0}"])
def test_it_says_that_a_file_is_not_here(admin_client: Client, storage: Path, url: str) -> None:
    output = _made("file:///gone")
    # Answers with some of them are refused now; older ones are stored.
    every(OutputFile).update(url=url.format(storage))
    answer = admin_client.get(_address(output), follow=True)
    assert answer.status_code == 200
    assert "is not in the shared storage" in answer.content.decode()


def test_it_knows_no_output_of_another_execution(admin_client: Client, storage: Path) -> None:
    (storage / "one").write_text("one")
    output = _made(f"file://{storage}/one")
    assert admin_client.get(_address(output, uuid4())).status_code == 404
    other = every(Execution).get()
    other.pk = uuid4()
    other.save()
    assert admin_client.get(_address(output, other.pk)).status_code == 404


def test_it_shows_files_and_log_to_those_only_who_may_look(client: Client, storage: Path) -> None:
    (storage / "one").write_text("one")
    output = _made(f"file://{storage}/one")
    client.force_login(User.objects.create_user("ada", is_staff=True))
    live = f"/admin/processing/execution/{output.execution_id}/live/"
    assert [client.get(address).status_code for address in (_address(output), live)] == [403, 403]


def test_it_tells_the_end_of_the_log_as_data(admin_client: Client) -> None:
    output = _made("file:///gone")
    answer = admin_client.get(f"/admin/processing/execution/{output.execution_id}/live/")
    assert answer.json() == {"state": "SUCCESS 4 False", "isOpen": False, "lines": ["done"]}
    assert admin_client.get(f"/admin/processing/execution/{uuid4()}/live/").status_code == 404
