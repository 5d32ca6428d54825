"""Workflows in the admin: their steps in a form, their chain as a drawing."""

import json
import re
from typing import Any

import pytest
from django.test import Client

from regards_processing.kernel import clock
from regards_processing.kernel.audit.models import AuditEntry
from regards_processing.kernel.tenancy.models import Tenant
from tests.factories.rows import every
from tests.factories.worker_manager import a_tenant, a_worker_type, a_workflow, live_workers
from worker_manager.models import Workflow

pytestmark = pytest.mark.django_db

_LIST = "/admin/worker_manager/workflow/"


def _tenant() -> Tenant:
    """Store a tenant whose worker types make a chain."""
    tenant = a_tenant()
    a_worker_type(tenant)
    a_worker_type(tenant, worker_type="sip-worker", inputs=["tree"], output="sip")
    a_worker_type(tenant, worker_type="mute", inputs=["sip"], output=None)
    return tenant


def _steps(*steps: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of rows of steps."""
    rows = {f"steps-{place}-{key}": value for place, step in enumerate(steps) for key, value in step.items()}
    return {"steps-TOTAL_FORMS": len(steps), "steps-INITIAL_FORMS": 0} | rows


def _filled(tenant: Tenant, *steps: dict[str, Any], **changed: Any) -> dict[str, Any]:
    usual = {"tenant": tenant.pk, "workflowType": "ingest", "keepErrors": "on"}
    return usual | _steps(*steps) | changed


_FIRST = {"stepNumber": 1, "workerType": "unzip-worker"}
_SECOND = {"stepNumber": 7, "workerType": "sip-worker"}


def test_it_stores_a_new_one_and_leaves_blank_rows_out(admin_client: Client) -> None:
    tenant = _tenant()
    filled = _filled(tenant, _SECOND, {"stepNumber": ""}, _FIRST, {**_SECOND, "DELETE": "on"})
    page = admin_client.post(f"{_LIST}add/", filled, follow=True)
    assert "Stored: workflow ingest" in page.content.decode()
    assert every(Workflow).get().steps == [_FIRST, _SECOND]


def test_it_shows_nothing_where_a_step_has_no_object(admin_client: Client) -> None:
    _tenant()
    page = admin_client.get(f"{_LIST}add/")
    assert page.context["form"].rows["steps"].forms[0]["policy"].value() == ""
    assert "null" not in re.findall(r"<textarea[^>]*>\s*([^<]*)</textarea>", page.content.decode())


def test_it_shows_the_object_of_a_step(admin_client: Client) -> None:
    tenant = _tenant()
    first = _FIRST | {"policy": '{"maxAttempts": 3}'}
    admin_client.post(f"{_LIST}add/", _filled(tenant, first))
    page = admin_client.get(f"{_LIST}{every(Workflow).get().pk}/change/")
    row = page.context["form"].rows["steps"].forms[0]
    assert [row[name].value() for name in ("policy", "onlyIf", "repeat")] == ['{"maxAttempts": 3}', "", ""]


def test_it_stores_a_parallel_step(admin_client: Client) -> None:
    tenant = _tenant()
    a_worker_type(tenant, worker_type="look", inputs=["png"], output="thumb")
    parallel = {"stepNumber": 2, "workerTypes": "sip-worker\nlook\nlook", "contentTypeOutput": "all"}
    admin_client.post(f"{_LIST}add/", _filled(tenant, _FIRST, parallel))
    assert every(Workflow).get().steps[1] == {**parallel, "workerTypes": ["sip-worker", "look", "look"]}


def test_it_stores_a_loop_and_that_headers_are_kept(admin_client: Client) -> None:
    tenant = _tenant()
    loop = {"from": 1, "while": {"header": "acme.fit", "in": ["poor"]}, "most": 4}
    filled = _filled(tenant, _FIRST, {**_SECOND, "repeat": json.dumps(loop)}, keepHeaders="on")
    admin_client.post(f"{_LIST}add/", filled)
    stored = every(Workflow).get()
    assert (stored.steps[1]["repeat"], stored.keep_headers) == (loop, True)
    page = admin_client.get(f"{_LIST}{stored.pk}/change/").content.decode()
    assert "repeats steps 1 to 7, while acme.fit is one of poor, at most 4 rounds" in page


def test_it_shows_and_changes_one(admin_client: Client) -> None:
    workflow = a_workflow(_tenant(), steps={1: "unzip-worker", 2: "sip-worker"})
    address = f"{_LIST}{workflow.pk}/change/"
    form = admin_client.get(address).context["form"]
    rows = [row.initial for row in form.rows["steps"].forms]
    assert [(row["stepNumber"], row["workerType"]) for row in rows] == [
        (1, "unzip-worker"),
        (2, "sip-worker"),
    ]
    filled = {"seen": form.initial["seen"], "keepErrors": ""} | _steps(_FIRST) | {"steps-INITIAL_FORMS": 1}
    admin_client.post(address, filled)
    changed = every(Workflow).get()
    assert (changed.steps, changed.keep_errors) == ([_FIRST], False)


def test_it_keeps_rows_that_are_not_touched(admin_client: Client) -> None:
    workflow = a_workflow(_tenant(), steps={1: "unzip-worker", 7: "sip-worker"})
    address = f"{_LIST}{workflow.pk}/change/"
    seen = admin_client.get(address).context["form"].initial["seen"]
    admin_client.post(address, {"seen": seen} | _steps(_FIRST, _SECOND) | {"steps-INITIAL_FORMS": 2})
    assert every(Workflow).get().steps == [_FIRST, _SECOND]


@pytest.mark.parametrize(
    ("step", "field", "told"),
    [
        ({"stepNumber": "", "workerType": "sip-worker"}, "stepNumber", "stepNumber must be present"),
        ({"stepNumber": -1, "workerType": "sip-worker"}, "stepNumber", "must be a positive number"),
        ({"stepNumber": "x", "workerType": "sip-worker"}, "stepNumber", "Enter a whole number"),
        ({"stepNumber": 2}, "workerType", "workerType must be present"),
        ({"stepNumber": 2, "workerType": "x" * 129}, "workerType", "limited to 128 characters"),
        ({"stepNumber": 2, "workerTypes": "sip-worker"}, "workerTypes", "must name 2 to 16 worker types"),
    ],
)
def test_it_says_in_the_right_row_what_is_wrong(
    admin_client: Client, step: dict[str, Any], field: str, told: str
) -> None:
    # The blank row before it has no place in the item.
    page = admin_client.post(f"{_LIST}add/", _filled(_tenant(), _FIRST, {"stepNumber": ""}, step))
    first, blank, wrong = page.context["form"].rows["steps"].forms
    assert (first.errors, blank.errors, set(wrong.errors)) == ({}, {}, {field})
    assert told in wrong.errors[field][0]
    assert every(Workflow).count() == 0


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        ([], "at least one step is expected"),
        ([_FIRST, {"stepNumber": 1, "workerType": "sip-worker"}], "step duplications detected"),
        ([_FIRST, {"stepNumber": 2, "workerType": "gone"}], "does not exist"),
        ([_FIRST, {"stepNumber": 2, "workerType": "mute"}], "must be present"),
        ([_SECOND, {"stepNumber": 8, "workerType": "unzip-worker"}], "worker types that take sip"),
    ],
)
def test_it_says_why_the_steps_make_no_chain(
    admin_client: Client, steps: list[dict[str, Any]], told: str
) -> None:
    page = admin_client.post(f"{_LIST}add/", _filled(_tenant(), *steps))
    assert told in page.context["form"].rows["steps"].non_form_errors()[0]
    assert told in page.content.decode().replace("&quot;", '"')


def test_it_says_that_a_worker_type_takes_its_name(admin_client: Client) -> None:
    page = admin_client.post(f"{_LIST}add/", _filled(_tenant(), _FIRST, workflowType="tree"))
    assert "duplicated types were found" in page.context["form"].errors["workflowType"][0]


def test_it_refuses_a_form_that_lost_its_rows(admin_client: Client) -> None:
    filled = _filled(_tenant(), _FIRST)
    del filled["steps-TOTAL_FORMS"]
    page = admin_client.post(f"{_LIST}add/", filled)
    assert (page.status_code, "errornote" in page.content.decode()) == (200, True)


def test_it_draws_the_chain(admin_client: Client) -> None:
    workflow = a_workflow(_tenant(), steps={1: "unzip-worker", 2: "gone"})
    live_workers("unzip-worker", at=clock.now())
    page = admin_client.get(f"{_LIST}{workflow.pk}/change/").content.decode()
    assert "step 1: unzip-worker (alive); takes tree (not taken); step 2: gone (not configured)" in page


def test_it_offers_worker_types_while_people_type(admin_client: Client) -> None:
    _tenant()
    page = admin_client.get(f"{_LIST}add/").content.decode()
    assert '<option value="sip-worker">' in page
    assert 'list="known-steps-workerType"' in page


def test_it_deletes_one_and_writes_the_audit_trail(admin_client: Client) -> None:
    workflow = a_workflow(_tenant())
    admin_client.post(f"{_LIST}{workflow.pk}/delete/", {"post": "yes"})
    assert every(Workflow).count() == 0
    assert AuditEntry.objects.get(action="workflows.deleted").target == "ingest"
