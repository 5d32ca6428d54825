"""Processing in the admin: lists and pages that change nothing."""

import pytest
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext

from regards_processing.processing.models import Batch, Execution, Process
from regards_processing.processing.services.executions import order_executions
from regards_processing.processing.services.outcomes import apply_responses
from tests.factories.access import staff_with
from tests.factories.executions import a_batch, a_response, an_execution_order, an_outcome, the_execution
from tests.factories.processing import a_process
from tests.factories.rows import every
from tests.factories.worker_manager import AT, a_tenant, later
from tests.fakes.engine import committing

pytestmark = pytest.mark.django_db

_BASE = "/admin/processing"


@pytest.fixture(autouse=True)
def batch() -> Batch:
    tenant = a_tenant()
    opened = a_batch(tenant, a_process(tenant, "Crop", to_all=True, datasets=["URN:A"]))
    with committing(execute=True):
        order_executions(orders=[an_execution_order(opened, name) for name in ("e-1", "e-2")], at=AT)
        content = an_outcome("FAILURE", message="<no disk>", log=["last line"])
        apply_responses(responses=[a_response(the_execution().pk, content=content)], at=later(5))
    return opened


def _page(client: Client, path: str) -> str:
    answer = client.get(f"{_BASE}/{path}")
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("process/", ["Crop", "SimpleShellProcessPlugin", "EXPLOIT"]),
        ("batch/", ["order-1_sub-1", "ada@x.org"]),
        ("execution/", ["Crop", "FAILURE", "REGISTERED", "&lt;no disk&gt;"]),
        ("execution/?status__exact=FAILURE", ["1 execution"]),
        ("execution/?q=order-1", ["2 executions"]),
        ("process/?q=crop", ["1 process"]),
    ],
)
def test_it_lists(admin_client: Client, path: str, shown: list[str]) -> None:
    page = _page(admin_client, path)
    assert [text for text in shown if text not in page] == []


@pytest.mark.parametrize(
    ("permissions", "times"),
    [([], 0), (["view_request"], 0), (["view_request", "view_finishedrequest"], 1)],
)
def test_it_tells_of_the_request_to_the_engine_only_to_those_who_may_see_requests(
    client: Client, permissions: list[str], times: int
) -> None:
    staff = staff_with(client, "view_execution", *permissions)
    page = _page(staff, f"execution/{the_execution().pk}/change/")
    assert page.count("Request to the engine") == times
    assert [text for text in ("Crop", "order-1_sub-1") if text not in page] == []
    assert [text for text in (f"{_BASE}/process/", f"{_BASE}/batch/") if text in page] == []


@pytest.mark.parametrize("model", [Batch, Process])
def test_it_leads_nobody_to_executions_who_may_not_see_them(client: Client, model: type[Model]) -> None:
    name = model.__name__.lower()
    staff = staff_with(client, f"view_{name}")
    listed = _page(staff, f"{name}/")
    shown = _page(staff, f"{name}/{every(model).get().pk}/change/")
    assert ["Crop" in page for page in (listed, shown)] == [True, True]
    assert [f"{_BASE}/execution/" in page for page in (listed, shown)] == [False, False]


def test_it_shows_the_steps_files_and_log_of_an_execution(admin_client: Client) -> None:
    page = _page(admin_client, f"execution/{the_execution().pk}/change/")
    shown = ["PREPARE", "launch", "&lt;no disk&gt;", "F1/one.tif", "file:/storage/one", "last line"]
    assert [text for text in shown if text not in page] == []


def test_it_shows_a_batch_and_leads_to_its_process(admin_client: Client, batch: Batch) -> None:
    page = _page(admin_client, f"batch/{batch.pk}/change/")
    process = every(Process).get(process_id=batch.process_id)
    assert "order-1_sub-1" in page
    assert f'href="/admin/processing/process/{process.pk}/change/">Crop ({batch.process_id})' in page
    assert 'name="_save"' not in page


def test_it_says_why_those_wait_that_have_not_ended(admin_client: Client) -> None:
    pages = {
        execution.status: _page(admin_client, f"execution/{execution.pk}/change/")
        for execution in every(Execution)
    }
    assert {status: "Why it waits" in page for status, page in pages.items()} == {
        "REGISTERED": True,
        "FAILURE": False,
    }


def test_it_lists_batches_by_the_names_of_their_processes(admin_client: Client, batch: Batch) -> None:
    assert '<td class="field-process_named">Crop</td>' in _page(admin_client, "batch/")
    assert "1 batch" in _page(admin_client, "batch/?q=crop")
    every(Batch).update(process_name="")
    assert f'<td class="field-process_named">{batch.process_id}</td>' in _page(admin_client, "batch/")


@pytest.mark.parametrize("path", ["execution/", "batch/", "process/"])
def test_it_costs_the_same_statements_however_many_there_are(
    admin_client: Client, batch: Batch, path: str
) -> None:
    _page(admin_client, path)
    with CaptureQueriesContext(connection) as few:
        _page(admin_client, path)
    with committing(execute=True):
        for number in range(5):
            other = a_batch(batch.tenant, a_process(batch.tenant, f"Crop {number}", to_all=True))
            orders = [an_execution_order(each, f"more-{number}") for each in (batch, other)]
            order_executions(orders=orders, at=AT)
    with CaptureQueriesContext(connection) as many:
        _page(admin_client, path)
    assert len(many) == len(few)


def test_it_counts_the_executions_of_batches_by_status(admin_client: Client, batch: Batch) -> None:
    address = f"/admin/processing/execution/?batch__id__exact={batch.pk}&amp;status__exact="
    for path in ("batch/", f"batch/{batch.pk}/change/"):
        page = _page(admin_client, path)
        assert f'<a href="{address}REGISTERED">1 REGISTERED</a>' in page
        assert f'<a href="{address}FAILURE">1 FAILURE</a>' in page
    listed = _page(admin_client, f"execution/?batch__id__exact={batch.pk}&status__exact=FAILURE")
    assert "1 execution" in listed
