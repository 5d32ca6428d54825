"""``/workflows``: workflows are configured one by one, by the rules of configuration files."""

from typing import Any, Final

import pytest

from regards_processing.kernel.audit.models import AuditEntry
from regards_processing.kernel.auth.roles import Role
from regards_processing.kernel.tenancy.models import Tenant
from tests.factories.rest import client_as
from tests.factories.worker_manager import a_tenant, a_worker_type, a_workflow

pytestmark = pytest.mark.django_db

_HERE: Final = "/api/v1/rs-worker-manager/workflows"
_STEPS: Final = [
    {"stepNumber": 1, "workerType": "unzip-worker"},
    {"stepNumber": 2, "workerType": "sip-worker"},
]
_INGEST: Final = {"workflowType": "ingest", "steps": _STEPS, "keepErrors": True}


@pytest.fixture
def tenant() -> Tenant:
    demo = a_tenant()
    a_worker_type(demo)
    a_worker_type(demo, worker_type="sip-worker", inputs=["tree"], output="sip")
    return demo


def _call(
    verb: str, path: str = "", body: object = None, *, role: str = Role.ADMIN, tenant: str = "demo"
) -> Any:
    client = client_as(role, tenant=tenant)
    return getattr(client, verb)(f"{_HERE}{path}", body, format="json" if body is not None else None)


@pytest.mark.usefixtures("tenant")
def test_it_refuses_a_field_of_a_step_that_is_not_known() -> None:
    answer = _call(
        "post", body={"workflowType": "ingest", "steps": [_STEPS[0] | {"onlyif": {"header": "x"}}]}
    )
    assert answer.status_code == 422
    assert answer.json()["messages"][0].startswith("steps[0].onlyif is not known. Allowed: stepNumber, ")
    assert _call("get").json() == []


@pytest.mark.usefixtures("tenant")
def test_it_adds_reads_replaces_and_deletes_one() -> None:
    created = _call("post", body={"workflowType": "ingest", "steps": _STEPS[::-1]})
    assert (created.status_code, created.json()["content"]) == (201, _INGEST)
    assert _call("get", "/ingest").json() == created.json()
    assert [each["content"] for each in _call("get").json()] == [_INGEST]
    replaced = _call("put", "/ingest", {"steps": _STEPS[:1], "keepErrors": False})
    assert replaced.status_code == 200
    assert replaced.json()["content"] == {"workflowType": "ingest", "steps": _STEPS[:1], "keepErrors": False}
    assert _call("delete", "/ingest").status_code == 204
    assert _call("get").json() == []
    trail = AuditEntry.objects.order_by("pk").values_list("action", "target")
    assert list(trail) == [(f"workflows.{verb}", "ingest") for verb in ("created", "updated", "deleted")]


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        ({"workflowType": " ", "steps": _STEPS}, 422, "[NotBlank] workflowType is mandatory at workflowType"),
        ({"workflowType": "w", "steps": []}, 422, "Allowed: an array of at least one step"),
        (
            {"workflowType": "w", "steps": [{"stepNumber": -1, "workerType": "unzip-worker"}]},
            422,
            "[Min] stepNumber must be a positive number at steps[0].stepNumber: rejected value [-1].",
        ),
        (
            {"workflowType": "w", "steps": [{"stepNumber": 1, "workerType": "none"}]},
            422,
            "Allowed: configured worker types, which are sip-worker, unzip-worker.",
        ),
        ({"workflowType": "w", "steps": [_STEPS[1], {**_STEPS[0], "stepNumber": 3}]}, 422, "do not contain"),
        ({"workflowType": "w", "steps": [_STEPS[0], _STEPS[0]]}, 422, "step duplications detected"),
        ({"workflowType": "unzip", "steps": _STEPS}, 409, "[DuplicatedWorkflowTypesError]"),
        (_INGEST, 409, "There is a workflow ingest already"),
    ],
)
def test_it_refuses_what_breaks_a_rule(tenant: Tenant, body: object, status: int, told: str) -> None:
    a_workflow(tenant)
    answer = _call("post", body=body)
    assert answer.status_code == status
    assert told in answer.json()["messages"][0]
    assert len(_call("get").json()) == 1


@pytest.mark.usefixtures("tenant")
def test_it_checks_without_a_change() -> None:
    verdict = _call("post", "/validate", {"workflowType": "w", "steps": [_STEPS[0], _STEPS[0]]}).json()
    assert (verdict["valid"], [fault["field"] for fault in verdict["faults"]]) == (False, ["steps"])
    assert _call("post", "/validate", _INGEST).json()["valid"] is True
    assert _call("get").json() == []


@pytest.mark.parametrize(("verb", "body"), [("get", None), ("put", _INGEST), ("delete", None)])
@pytest.mark.usefixtures("tenant")
def test_it_says_that_there_is_none(verb: str, body: object) -> None:
    answer = _call(verb, "/none", body)
    assert (answer.status_code, answer.json()) == (404, {"messages": ["There is no workflow none"]})


@pytest.mark.parametrize(
    ("verb", "path", "role", "status"),
    [
        ("get", "", Role.EXPLOIT, 200),
        ("get", "", Role.REGISTERED_USER, 403),
        ("get", "/ingest", Role.EXPLOIT, 200),
        ("post", "", Role.EXPLOIT, 403),
        ("put", "/ingest", Role.EXPLOIT, 403),
        ("delete", "/ingest", Role.EXPLOIT, 403),
        ("post", "/validate", Role.EXPLOIT, 403),
    ],
)
def test_it_asks_for_the_role(tenant: Tenant, verb: str, path: str, role: Role, status: int) -> None:
    a_workflow(tenant)
    body = None if verb in {"get", "delete"} else _INGEST
    assert _call(verb, path, body, role=role).status_code == status


def test_it_keeps_tenants_apart(tenant: Tenant) -> None:
    a_workflow(tenant)
    a_tenant(name="other")
    assert _call("get", tenant="other").json() == []
    assert _call("get", "/ingest", tenant="other").status_code == 404
    assert _call("delete", "/ingest", tenant="other").status_code == 404
    assert len(_call("get").json()) == 1
