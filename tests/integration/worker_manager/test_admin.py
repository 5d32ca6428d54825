"""Operators see everything in the admin, and change nothing there."""

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext

from regards_processing.kernel import clock
from regards_processing.kernel.outbox.models import OutboxEntry
from regards_processing.kernel.tenancy.models import Tenant
from tests.factories.history import a_trail, finished_requests
from tests.factories.messages import an_answer, submissions
from tests.factories.requests import requests
from tests.factories.rows import every
from tests.factories.worker_manager import a_tenant, a_worker_type, a_workflow, live_workers
from tests.fakes.engine import Engine
from worker_manager.models import FinishedRequest, Request, WorkerInstance, WorkerType, Workflow

pytestmark = pytest.mark.django_db

_MODELS = (FinishedRequest, Request, WorkerInstance, WorkerType, Workflow, Tenant, OutboxEntry)
_EACH_MODEL = pytest.mark.parametrize("model", _MODELS, ids=lambda model: model.__name__)
_FILTERS = {
    Request: ("status=DISPATCHED", "step_worker_type=unzip-worker", "q=r-1", "tenant__id__exact=1"),
    FinishedRequest: ("o=9", "status=SUCCESS", "worker_type=unzip-worker", "q=r-1"),
    WorkerInstance: ("alive=yes", "alive=no", "protocol=raw", "worker_type=unzip-worker", "q=unzip"),
    WorkerType: ("q=unzip", "o=5", "tenant__id__exact=1"),
    Workflow: ("q=ingest",),
    Tenant: ("q=demo",),
}
_PAGES = [(model, query) for model, queries in _FILTERS.items() for query in queries]


def _address(model: type, *rest: object) -> str:
    meta = model._meta  # type: ignore[attr-defined] # every model has one
    return "/".join(["/admin", meta.app_label, meta.model_name, *map(str, rest), ""])


def _fill(engine: Engine, *, lines: int) -> None:
    """Store ``lines`` rows of each kind, half of the requests finished."""
    tenant = a_tenant()
    for number in range(lines):
        a_worker_type(tenant, worker_type=f"unzip-worker-{number}", inputs=[f"a-{number}", f"b-{number}"])
        a_workflow(tenant, workflow_type=f"ingest-{number}")
        live_workers("unzip-worker", worker_id=f"w-{number}", at=clock.now())
    a_worker_type(tenant)
    engine.submit(*submissions(2 * lines), at=clock.now())
    engine.answer(*(an_answer(request_id=f"r-{number}") for number in range(lines)), at=clock.now())
    OutboxEntry.objects.create(created_at=clock.now(), message_count=1, messages=b"")


@_EACH_MODEL
def test_it_lists(engine: Engine, admin_client: Client, model: type) -> None:
    _fill(engine, lines=2)
    assert admin_client.get(_address(model)).status_code == 200


@pytest.mark.parametrize(("model", "query"), _PAGES)
def test_it_filters_searches_and_sorts(engine: Engine, admin_client: Client, model: type, query: str) -> None:
    _fill(engine, lines=2)
    page = admin_client.get(f"{_address(model)}?{query}")
    assert (page.status_code, "e=1" in page.headers.get("Location", "")) == (200, False)


@_EACH_MODEL
def test_it_shows_a_line_in_full(engine: Engine, admin_client: Client, model: type) -> None:
    _fill(engine, lines=2)
    row: Model = every(model)[0]
    assert admin_client.get(_address(model, row.pk, "change")).status_code == 200


def test_it_shows_the_beginning_of_a_body(engine: Engine, admin_client: Client) -> None:
    _fill(engine, lines=1)
    every(Request).update(content=b"\xff" + b"x" * 3000)
    page = admin_client.get(_address(Request, every(Request).get().pk, "change"))
    assert "… (3001 bytes)" in page.content.decode()


def test_it_says_why_a_request_waits_without_believing_its_text(admin_client: Client) -> None:
    requests(a_tenant(), "r-1", error="<script>")
    page = admin_client.get(_address(Request, every(Request).get().pk, "change")).content.decode()
    assert "<li><b>UP_TO_OPERATOR</b>: It ended in ERROR: &lt;script&gt;. It is kept until" in page


def test_it_shows_where_the_time_of_a_finished_request_went(admin_client: Client) -> None:
    finished_requests(a_tenant(), "r-1", trail=a_trail(worker_type="<script>", queued=0.5, ran=192))
    listed = admin_client.get(_address(FinishedRequest)).content.decode()
    assert "0: 500 ms / 3 min 12 s" in listed
    page = admin_client.get(_address(FinishedRequest, every(FinishedRequest).get().pk, "change"))
    line = "<td>0</td><td>&lt;script&gt;</td><td>1</td><td>1</td><td>2025-06-01T11:56:47.5Z</td>"
    assert f"{line}<td>500 ms</td><td>3 min 12 s</td><td>SUCCESS</td>" in page.content.decode()
    assert "<td>w-1</td><td>SUCCESS</td><td>done</td>" in page.content.decode()


def test_it_draws_a_workflow_without_believing_its_text(admin_client: Client) -> None:
    a_workflow(a_tenant(), steps={1: "<script>", 2: "b"})
    page = admin_client.get(_address(Workflow)).content.decode()
    assert "<b>1</b>&nbsp;&lt;script&gt; → <b>2</b>&nbsp;b" in page


def test_it_counts_the_instances_that_are_alive(engine: Engine, admin_client: Client) -> None:
    _fill(engine, lines=3)
    page = admin_client.get(f"{_address(WorkerType)}?q=unzip-worker").content.decode()
    assert '<td class="field-live_instances">3</td>' in page


def test_it_finds_the_living_and_the_silent(engine: Engine, admin_client: Client) -> None:
    _fill(engine, lines=1)
    assert "1 worker instance" in admin_client.get(f"{_address(WorkerInstance)}?alive=yes").content.decode()
    assert "0 worker instances" in admin_client.get(f"{_address(WorkerInstance)}?alive=no").content.decode()


@_EACH_MODEL
def test_it_costs_the_same_statements_however_long_the_page(
    engine: Engine, admin_client: Client, model: type
) -> None:
    _fill(engine, lines=20)
    with CaptureQueriesContext(connection) as long:
        admin_client.get(_address(model))
    for kind in (Request, FinishedRequest, WorkerInstance, WorkerType, Workflow):
        every(kind).exclude(pk=every(kind).order_by("pk")[0].pk).delete()
    with CaptureQueriesContext(connection) as short:
        admin_client.get(_address(model))
    assert len(long) == len(short)
    assert len(long) <= 10


@_EACH_MODEL
def test_it_leaves_payloads_out_of_lists(engine: Engine, admin_client: Client, model: type) -> None:
    _fill(engine, lines=2)
    with CaptureQueriesContext(connection) as captured:
        admin_client.get(_address(model))
    assert not [query for query in captured.captured_queries if 'request"."original_content"' in query["sql"]]


@_EACH_MODEL
def test_it_asks_for_a_login(client: Client, model: type) -> None:
    page = client.get(_address(model))
    assert (page.status_code, page.headers["Location"].partition("?")[0]) == (302, "/admin/login/")


@_EACH_MODEL
def test_it_shows_nothing_to_staff_without_permission(client: Client, model: type) -> None:
    client.force_login(User.objects.create_user("visitor", is_staff=True))
    assert client.get(_address(model)).status_code == 403


@pytest.mark.parametrize("model", [model for model in _MODELS if model not in {Tenant, WorkerType, Workflow}])
def test_it_lets_nobody_add_change_or_delete(engine: Engine, admin_client: Client, model: type) -> None:
    _fill(engine, lines=1)
    row: Model = every(model)[0]
    addresses = [_address(model, "add"), _address(model, row.pk, "change"), _address(model, row.pk, "delete")]
    assert [admin_client.post(address, {"post": "yes"}).status_code for address in addresses] == [403] * 3
