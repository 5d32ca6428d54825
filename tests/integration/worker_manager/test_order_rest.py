"""Retries and deletions are ordered over REST."""

import json
from datetime import datetime
from typing import Any

import pytest
from rest_framework.test import APIClient

from regards_processing.kernel import clock
from regards_processing.kernel.audit.models import AuditEntry
from regards_processing.kernel.auth.roles import Role
from regards_processing.kernel.jobs.models import Job
from regards_processing.kernel.jobs.states import JobState
from regards_processing.kernel.tenancy.models import Tenant
from tests.factories.messages import a_submission
from tests.factories.rest import client_as
from tests.factories.worker_manager import a_tenant
from tests.fakes.engine import Engine, committing
from tests.fakes.jobs_office import Office

pytestmark = pytest.mark.django_db

_BASE = "/api/v1/rs-worker-manager/requests"
_JOBS = "/api/v1/rs-worker-manager/jobs"
_ORDERS = [("post", "retry"), ("delete", "delete"), ("post", "cancel")]
_EACH_ORDER = pytest.mark.parametrize(("verb", "order"), _ORDERS)
_EACH_PREVIEW = pytest.mark.parametrize("order", ["retry", "delete", "cancel"])
_EACH_NAMING = pytest.mark.parametrize(
    ("naming", "meant"),
    [
        ({"requestId": "r-1"}, 1),
        ({"requestId": "r-9"}, 0),
        ({"requestIds": {"values": ["r-0", "r-2", "r-9"], "mode": "INCLUDE"}}, 2),
        ({"requestIds": {"values": ["r-0"], "mode": "EXCLUDE"}}, 2),
    ],
)
_REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"statuses": {"values": ["ERROR"]}}, "mode"),
    ({"statuses": {"values": ["LOST"], "mode": "INCLUDE"}}, "LOST"),
    ({"ids": {"values": [], "mode": "INCLUDE"}}, "Forbidden empty list of values with include mode"),
    ({"ids": {"values": [1] * 1001, "mode": "INCLUDE"}}, "List of values have a maximal size of 1000"),
    ({"creationDate": {"after": "yesterday"}}, "yesterday"),
    ({"requestId": ""}, "requestId: This field may not be blank."),
    ({"status": {"values": ["ERROR"], "mode": "INCLUDE"}}, "status: Unknown; allowed are source, session"),
    ({"requestIds": {"values": "r-1", "mode": "INCLUDE"}}, "requestIds.values: Expected a list"),
]


@pytest.fixture
def tenant() -> Tenant:
    return a_tenant(name="default")


def _call(client: APIClient, verb: str, path: str, body: object) -> Any:
    with committing(execute=True):
        return client.generic(
            verb.upper(), f"{_BASE}/{path}", json.dumps(body), content_type="application/json"
        )


def _jobs() -> list[Job]:
    return list(Job.objects.of_any_tenant().order_by("created_at"))


@_EACH_ORDER
def test_it_stores_the_order_and_answers_nothing(
    tenant: Tenant, office: Office, verb: str, order: str
) -> None:
    before = clock.now()
    answer = _call(client_as(Role.ADMIN), verb, order, {"source": "acme"})
    assert (answer.status_code, answer.content) == (200, b"")
    (job,) = _jobs()
    assert answer.headers["Location"] == f"http://testserver{_JOBS}/{job.pk}"
    assert (job.kind, job.tenant, job.asked_by, job.origin) == (f"requests.{order}", tenant, "ada", "REST")
    assert job.parameters["filter"] == {"source": {"text": "acme", "matchMode": "CONTAINS"}}
    assert before <= job.created_at <= datetime.now(before.tzinfo)
    assert (job.state, office.sender.sent) == (JobState.QUEUED, [job.pk])
    assert AuditEntry.objects.get().action == f"requests.{order}"


@_EACH_ORDER
@pytest.mark.usefixtures("tenant")
def test_it_keeps_the_order_while_the_broker_is_away(office: Office, verb: str, order: str) -> None:
    office.sender.down = True
    assert _call(client_as(Role.ADMIN), verb, order, {}).status_code == 200
    assert [job.state for job in _jobs()] == [JobState.PENDING]


@_EACH_ORDER
@pytest.mark.parametrize(("body", "reason"), _REFUSED)
@pytest.mark.usefixtures("tenant", "office")
def test_it_refuses_a_filter_that_breaks_a_rule(
    verb: str, order: str, body: dict[str, Any], reason: str
) -> None:
    answer = _call(client_as(Role.ADMIN), verb, order, body)
    assert answer.status_code == 422
    assert reason in answer.json()["messages"][0]
    assert _jobs() == []


@pytest.mark.parametrize(
    ("verb", "path", "role", "status"),
    [
        ("post", "retry", Role.EXPLOIT, 200),
        ("post", "retry", Role.REGISTERED_USER, 403),
        ("delete", "delete", Role.ADMIN, 200),
        ("delete", "delete", Role.EXPLOIT, 403),
        ("post", "retry/preview", Role.EXPLOIT, 200),
        ("post", "retry/preview", Role.REGISTERED_USER, 403),
        ("post", "delete/preview", Role.ADMIN, 200),
        ("post", "delete/preview", Role.EXPLOIT, 403),
        ("post", "cancel", Role.ADMIN, 200),
        ("post", "cancel", Role.EXPLOIT, 403),
        ("post", "cancel/preview", Role.ADMIN, 200),
        ("post", "cancel/preview", Role.EXPLOIT, 403),
        ("get", "retry", Role.PROJECT_ADMIN, 405),
    ],
)
@pytest.mark.usefixtures("tenant", "office")
def test_it_asks_for_the_role(verb: str, path: str, role: Role, status: int) -> None:
    assert _call(client_as(role), verb, path, {}).status_code == status


@pytest.mark.parametrize(
    ("query", "expected"), [("", None), ("?from=failed", None), ("?from=first", "first")]
)
@pytest.mark.usefixtures("tenant", "office")
def test_it_says_where_retried_requests_start(query: str, expected: str | None) -> None:
    assert _call(client_as(Role.EXPLOIT), "post", f"retry{query}", {}).status_code == 200
    (job,) = _jobs()
    assert job.parameters.get("from") == expected


@pytest.mark.usefixtures("tenant", "office")
def test_it_refuses_another_start() -> None:
    answer = _call(client_as(Role.EXPLOIT), "post", "retry?from=last", {})
    told = ["Parameter from=last is refused: failed or first is expected"]
    assert (answer.status_code, answer.json()["messages"], _jobs()) == (400, told, [])


@_EACH_PREVIEW
@pytest.mark.usefixtures("tenant")
def test_it_counts_what_an_order_would_touch(engine: Engine, order: str) -> None:
    engine.submit(*(a_submission(f"r-{number}", tenant="default") for number in range(3)))
    a_tenant(name="other")
    engine.submit(a_submission(tenant="other"))
    answer = _call(client_as(Role.ADMIN), "post", f"{order}/preview", {"source": "acme"})
    assert (answer.status_code, answer.json()) == (200, {"count": 3})
    assert _jobs() == []


@_EACH_ORDER
@_EACH_NAMING
def test_it_reaches_the_requests_that_are_named(
    tenant: Tenant, engine: Engine, office: Office, verb: str, order: str, naming: dict[str, Any], meant: int
) -> None:
    engine.submit(*(a_submission(f"r-{number}", tenant=tenant.name) for number in range(3)))
    _call(client_as(Role.ADMIN), verb, order, naming)
    office.run_sent()
    (job,) = _jobs()
    assert (job.state, job.done, job.total) == (JobState.SUCCEEDED, meant, meant)


@_EACH_PREVIEW
@_EACH_NAMING
@pytest.mark.usefixtures("tenant")
def test_it_counts_the_requests_that_are_named(
    engine: Engine, order: str, naming: dict[str, Any], meant: int
) -> None:
    engine.submit(*(a_submission(f"r-{number}", tenant="default") for number in range(3)))
    answer = _call(client_as(Role.ADMIN), "post", f"{order}/preview", naming)
    assert answer.json() == {"count": meant}


@_EACH_ORDER
def test_it_reaches_the_tenant_of_the_caller_only(
    tenant: Tenant, engine: Engine, office: Office, verb: str, order: str
) -> None:
    other = a_tenant(name="other")
    engine.submit(a_submission(tenant=tenant.name), a_submission(tenant=other.name))
    _call(client_as(Role.ADMIN, tenant="other"), verb, order, {})
    office.run_sent()
    (job,) = _jobs()
    assert (job.tenant, job.done) == (other, 1)
