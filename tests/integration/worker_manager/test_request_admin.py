"""Requests in the admin: filters that fit, ages people can read, links to what belongs together."""

import re
from datetime import timedelta

import pytest
from django.test import Client

from regards_processing.kernel import clock
from regards_processing.kernel.tenancy.models import Tenant
from tests.factories.requests import requests
from tests.factories.rows import every
from tests.factories.worker_manager import a_tenant, a_worker_type
from worker_manager.models import Request
from worker_manager.workflow_plan import Plan

pytestmark = pytest.mark.django_db

_LIST = "/admin/worker_manager/request/"
_FINISHED = "/admin/worker_manager/finishedrequest/"


def _found(client: Client, query: str) -> list[str]:
    page = client.get(f"{_LIST}?{query}")
    return sorted(row.request_id for row in page.context["cl"].result_list)


def _some_requests() -> Tenant:
    tenant = a_tenant()
    requests(tenant, "r-1", status="RUNNING", source="acme", session="a b")
    requests(tenant, "r-2", source="esa", content_type="tar", step_worker_type="tar-worker")
    requests(tenant, "r-3", source="esa", session="a b", creation_date=clock.now() - timedelta(minutes=30))
    return tenant


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("status=RUNNING", ["r-1"]),
        ("session=a+b", ["r-1", "r-3"]),
        ("session=a", []),
        ("source=esa&session=a+b", ["r-3"]),
        ("content_type=tar", ["r-2"]),
        ("request_id=r-2", ["r-2"]),
        ("request_id=r", []),
        ("step_worker_type=tar-worker", ["r-2"]),
        ("older=10min", ["r-1", "r-2", "r-3"]),
        ("older=1h", ["r-1", "r-2"]),
        ("older=nonsense", ["r-1", "r-2", "r-3"]),
        ("status=NONSENSE", []),
    ],
)
def test_it_filters(admin_client: Client, query: str, found: list[str]) -> None:
    _some_requests()
    assert _found(admin_client, query) == found


def test_it_keeps_the_other_filters(admin_client: Client) -> None:
    _some_requests()
    page = admin_client.get(f"{_LIST}?source=esa&status=ERROR").content.decode()
    assert '<input type="hidden" name="status" value="ERROR">' in page
    assert '<input type="text" name="source" value="esa"' in page
    assert '<a href="?status=ERROR">all</a>' in page


@pytest.mark.parametrize(
    ("address", "offered", "refused"),
    [(_LIST, ["RUNNING", "TO_DELETE"], "SUCCESS"), (_FINISHED, ["SUCCESS", "INVALID_CONTENT"], "RUNNING")],
)
def test_it_offers_the_statuses_that_there_can_be(
    admin_client: Client, address: str, offered: list[str], refused: str
) -> None:
    page = admin_client.get(address).content.decode()
    assert [f"?status={status}" in page for status in [*offered, refused]] == [True, True, False]


def test_it_offers_configured_worker_types(admin_client: Client) -> None:
    a_worker_type(a_tenant())
    assert "?step_worker_type=unzip-worker" in admin_client.get(_LIST).content.decode()
    assert "?worker_type=unzip-worker" in admin_client.get(_FINISHED).content.decode()


def test_it_tells_ages_as_people_read_them(admin_client: Client) -> None:
    requests(a_tenant(), "r-1", creation_date=clock.now() - timedelta(hours=2, minutes=5, seconds=10))
    assert ">2 h 5 min</time>" in admin_client.get(_LIST).content.decode()


def test_it_shows_where_in_its_workflow_it_is(admin_client: Client) -> None:
    tenant = a_tenant()
    a_worker_type(tenant)
    steps = [{"stepNumber": 1, "workerType": "unzip-worker"}, {"stepNumber": 2, "workerType": "sip-worker"}]
    plan = Plan.workflow(workflow_type="ingest", steps=steps, keep_errors=True)
    requests(tenant, "r-1", plan=plan.to_json(), step_number=2)
    page = admin_client.get(f"{_LIST}{every(Request).get().pk}/change/").content.decode()
    assert ("step 2, here" in page, "sip-worker (not configured)" in page) == (True, True)


def test_it_numbers_steps_of_workflows_alone(admin_client: Client) -> None:
    tenant = a_tenant()
    first = {"stepNumber": 0, "workerType": "unzip-worker"}
    workflow = Plan.workflow(workflow_type="ingest", steps=[first], keep_errors=True)
    single = Plan.single(worker_type="unzip-worker", keep_errors=True)
    for request_id, plan in (("r-1", workflow.to_json()), ("r-2", single.to_json()), ("r-3", None)):
        requests(tenant, request_id, plan=plan)
    page = admin_client.get(_LIST).content.decode()
    told = re.findall(r'<td class="field-step">([^<]*)</td>', page)
    assert told == ["unzip-worker", "unzip-worker", "0: unzip-worker"]


@pytest.mark.parametrize(
    ("plan", "told"),
    [
        (None, "not known before its first dispatch"),
        (Plan.single(worker_type="unzip-worker", keep_errors=True).to_json(), "one step"),
    ],
)
def test_it_says_that_there_is_no_chain(admin_client: Client, plan: object, told: str) -> None:
    requests(a_tenant(), "r-1", plan=plan)
    page = admin_client.get(f"{_LIST}{every(Request).get().pk}/change/").content.decode()
    assert f'<div class="readonly">{told}</div>' in page


def test_it_links_its_session_and_its_fleet(admin_client: Client) -> None:
    tenant = a_tenant()
    requests(tenant, "r-1", source="ac me", session="<s>")
    page = admin_client.get(f"{_LIST}{every(Request).get().pk}/change/").content.decode()
    query = f"?tenant__id__exact={tenant.pk}&amp;source=ac+me&amp;session=%3Cs%3E"
    assert f'<a href="{_LIST}{query}">ac me, &lt;s&gt;</a>' in page
    assert '<a href="/admin/worker_manager/workerinstance/fleets/unzip-worker/">unzip-worker</a>' in page


def test_it_shows_every_other_column_below(admin_client: Client) -> None:
    requests(a_tenant(), "r-1")
    page = admin_client.get(f"{_LIST}{every(Request).get().pk}/change/").content.decode()
    assert "All columns" in page
    assert page.index("field-why_it_waits") < page.index("field-lost_attempts")
