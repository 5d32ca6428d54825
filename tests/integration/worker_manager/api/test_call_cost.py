"""A call costs the same few statements, however many rows there are."""

from collections.abc import Callable
from functools import partial

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from regards_processing.kernel import clock
from regards_processing.kernel.auth.roles import Role
from tests.factories.history import finished_requests
from tests.factories.requests import requests
from tests.factories.rest import client_as
from tests.factories.worker_manager import a_tenant, a_worker_type, a_workflow, live_workers
from tests.fakes.operators import give_retry

pytestmark = pytest.mark.django_db

_HERE = "/api/v1/rs-worker-manager"
_SIZES = pytest.mark.parametrize("count", [1, 50])


def _statements(action: Callable[[], object]) -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        action()
    return [query["sql"] for query in captured.captured_queries]


@_SIZES
def test_it_reads_a_page(count: int) -> None:
    requests(a_tenant(), *(f"r-{number}" for number in range(count)))
    client = client_as(Role.EXPLOIT, tenant="demo")
    sent = _statements(lambda: client.post(f"{_HERE}/requests?size=50", {}, format="json"))
    # Tenant, rights of the role, total, page.
    assert len(sent) == 4
    assert not [sql for sql in sent if "original_content" in sql]


@_SIZES
def test_it_reads_a_page_of_sessions(count: int) -> None:
    tenant = a_tenant()
    for number in range(count):
        requests(tenant, f"r-{number}", session=f"s-{number}")
    client = client_as(Role.EXPLOIT, tenant="demo")
    sent = _statements(lambda: client.post(f"{_HERE}/requests?size=50", {"session": "s-"}, format="json"))
    # On PostgreSQL the sessions that are meant; total, page.
    expected = {"postgresql": 3, "sqlite": 2}[connection.vendor]
    assert len([sql for sql in sent if "workermanager_request" in sql]) == expected


@_SIZES
def test_it_counts_requests(count: int) -> None:
    requests(a_tenant(), *(f"r-{number}" for number in range(count)))
    client = client_as(Role.EXPLOIT, tenant="demo")
    sent = _statements(lambda: client.post(f"{_HERE}/requests/count", {}, format="json"))
    # Tenant, rights of the role, counts.
    assert len(sent) == 3


@_SIZES
def test_it_reads_a_page_of_the_history(count: int) -> None:
    finished_requests(a_tenant(), *(f"r-{number}" for number in range(count)))
    client = client_as(Role.EXPLOIT, tenant="demo")
    # Tenant, rights of the role, total, page.
    assert len(_statements(lambda: client.post(f"{_HERE}/history?size=50", {}, format="json"))) == 4


@_SIZES
@pytest.mark.usefixtures("office")
def test_it_reads_a_page_of_orders(count: int) -> None:
    tenant = a_tenant()
    jobs = [give_retry(tenant) for _ in range(count)]
    client = client_as(Role.EXPLOIT, tenant="demo")
    # Tenant, rights of the role, total, page.
    assert len(_statements(lambda: client.get(f"{_HERE}/jobs?size=50"))) == 4
    # Tenant, rights of the role, job.
    assert len(_statements(lambda: client.get(f"{_HERE}/jobs/{jobs[0].pk}"))) == 3


@_SIZES
def test_it_reads_one_request(count: int) -> None:
    requests(a_tenant(), *(f"r-{number}" for number in range(count)))
    client = client_as(Role.EXPLOIT, tenant="demo")
    sent = _statements(lambda: client.get(f"{_HERE}/requests/r-0"))
    # Tenant, rights of the role, request.
    assert len(sent) == 3
    assert "original_content" not in sent[-1]


@_SIZES
def test_it_reads_a_request_in_full(count: int) -> None:
    requests(a_tenant(), *(f"r-{number}" for number in range(count)))
    client = client_as(Role.EXPLOIT, tenant="demo")
    sent = _statements(lambda: client.get(f"{_HERE}/requests/r-0/details"))
    # Tenant, rights of the role, request, workflow, input, contents, and what its reasons need.
    assert len(sent) <= 14
    assert not [sql for sql in sent if '"original_content"' in sql and "LENGTH" not in sql]


@_SIZES
@pytest.mark.parametrize("query", ["", "?contentTypes=unzip"])
def test_it_lists_worker_types(count: int, query: str) -> None:
    a_worker_type(a_tenant())
    for number in range(count):
        live_workers("unzip-worker", worker_id=f"w-{number}", at=clock.now())
    client = client_as(Role.EXPLOIT, tenant="demo")
    # Tenant, rights of the role, instances.
    assert len(_statements(lambda: client.get(f"{_HERE}/workers{query}"))) == 3


@_SIZES
def test_it_lists_what_is_configured(count: int) -> None:
    tenant = a_tenant()
    for number in range(count):
        a_worker_type(tenant, worker_type=f"w-{number}", inputs=[f"a-{number}", f"b-{number}"])
        a_workflow(tenant, workflow_type=f"f-{number}", steps={1: f"w-{number}"})
    client = client_as(Role.EXPLOIT, tenant="demo")
    # Tenant, rights of the role, workflows, worker types, their inputs.
    assert len(_statements(lambda: client.get(f"{_HERE}/worker-types"))) == 5
    # Tenant, rights of the role, workflows.
    assert len(_statements(lambda: client.get(f"{_HERE}/workflows"))) == 3


@_SIZES
def test_it_watches_fleets(count: int) -> None:
    tenant = a_tenant()
    for number in range(count):
        a_worker_type(tenant, worker_type=f"w-{number}", inputs=[f"a-{number}"])
        live_workers("w-0", worker_id=f"i-{number}", at=clock.now())
        live_workers(f"v-{number}", at=clock.now())
        requests(tenant, f"r-{number}", status="RUNNING", step_worker_type="w-0", worker_id=f"i-{number}")
    client = client_as(Role.EXPLOIT, tenant="demo")
    # Tenant, rights of the role; instances, worker types, requests, limits, finished requests, trails of
    # finished and of failed ones.
    assert len(_statements(lambda: client.get(f"{_HERE}/fleets"))) == 9
    # The same, and its instances, the requests and the branches that they run, and how many.
    assert len(_statements(lambda: client.get(f"{_HERE}/fleets/w-0"))) == 14


@pytest.mark.usefixtures("engine")
def test_it_submits_requests() -> None:
    a_worker_type(a_tenant())
    live_workers("unzip-worker", at=clock.now())
    client = client_as(Role.EXPLOIT, tenant="demo")
    one = {"requestId": "r", "source": "s", "session": "s", "contentType": "unzip", "content": {}}
    many = [{**one, "requestId": f"r-{number}"} for number in range(50)]
    bodies: tuple[object, ...] = (one, many, one, many)
    costs = [
        len(_statements(partial(client.post, f"{_HERE}/requests/submit", body, format="json")))
        for body in bodies
    ]
    assert costs[0] == costs[1]
    # Neither rows nor messages are written; what is known is read.
    assert costs[2] == costs[3] < costs[0]
