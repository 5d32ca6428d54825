"""``GET /requests/{requestId}/details``: a request in full."""

import hashlib
from datetime import timedelta
from pathlib import Path

import pytest
from pytest_django import Settings

from regards_processing.kernel import clock
from regards_processing.kernel.auth.roles import Role
from tests.factories.messages import a_submission, an_answer
from tests.factories.requests import requests
from tests.factories.rest import client_as
from tests.factories.rows import every
from tests.factories.scenes import a_dispatched_workflow
from tests.factories.worker_manager import a_tenant, a_worker_type, later
from tests.fakes.engine import Engine
from worker_manager.models import Request
from workers.contract.bodies import format_date
from workers.contract.stored_content import StoredContent

pytestmark = pytest.mark.django_db

_HERE = "/api/v1/rs-worker-manager/requests"
_STEPS = [
    {
        "stepNumber": 1,
        "workerType": "unzip-worker",
        "attempts": 1,
        "dispatchedAt": "2025-06-01T12:00:00Z",
        "endedAt": "2025-06-01T12:00:02Z",
        "queueSeconds": 0.5,
        "runSeconds": 1.5,
        "outcome": "SUCCESS",
    },
    {
        "stepNumber": 2,
        "workerType": "sip-worker",
        "attempts": 1,
        "dispatchedAt": "2025-06-01T12:00:02Z",
        "queueSeconds": 1,
    },
]
_TRAIL = [
    {
        "stepNumber": 1,
        "attempt": 1,
        "workerType": "unzip-worker",
        "dispatchedAt": "2025-06-01T12:00:00Z",
        "startedAt": "2025-06-01T12:00:00.5Z",
        "endedAt": "2025-06-01T12:00:02Z",
        "queueSeconds": 0.5,
        "runSeconds": 1.5,
        "workerId": "w-1",
        "outcome": "SUCCESS",
    },
    {
        "stepNumber": 2,
        "attempt": 2,
        "workerType": "sip-worker",
        "dispatchedAt": "2025-06-01T12:00:02Z",
        "startedAt": "2025-06-01T12:00:03Z",
        "queueSeconds": 1,
        "workerId": "w-2",
    },
]


def _details(request_id: str = "r-1") -> dict[str, object]:
    answer = client_as(Role.EXPLOIT, tenant="demo").get(f"{_HERE}/{request_id}/details")
    assert answer.status_code == 200, answer.content
    found: dict[str, object] = answer.json()["content"]
    return found


def _measured(content: bytes) -> dict[str, object]:
    return {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def test_it_tells_everything_of_a_request(engine: Engine, settings: Settings) -> None:
    settings.RUN_TIMEOUT = 1000
    stored = a_dispatched_workflow(engine)
    advance = an_answer(content=b"tree", headers={"hint": "x"}, run_seconds=1.5, worker_id="w-1")
    engine.answer(advance, at=later(2))
    engine.answer(an_answer("RUNNING", messages=["50 %"], worker_id="w-2"), at=later(3))
    found = _details()
    reasons = found.pop("reasons")
    assert found == {
        "id": stored.pk,
        "requestId": "r-1",
        "creationDate": "2025-06-01T12:00:00Z",
        "contentType": "ingest",
        "source": "acme",
        "session": "2025-06",
        "status": "RUNNING",
        "dispatchedWorkerType": "sip-worker",
        "error": "50 %",
        "stepNumber": 2,
        "stepWorkerType": "sip-worker",
        "workflowType": "ingest",
        "plan": [
            {"stepNumber": 1, "workerTypes": ["unzip-worker"], "state": "DONE"},
            {"stepNumber": 2, "workerTypes": ["sip-worker"], "state": "CURRENT"},
        ],
        "attempts": 2,
        "failedAttempts": 0,
        "movedAt": "2025-06-01T12:00:03Z",
        "deadlineAt": format_date(later(1003)),
        "workerId": "w-2",
        "priority": 0,
        "headers": {"hint": "x"},
        "contents": {"current": _measured(b"tree"), "original": _measured(b'{"file":"a.zip"}')},
        "steps": _STEPS,
        "trail": _TRAIL,
    }
    assert reasons


def test_it_tells_what_a_request_that_waits_would_go_through(engine: Engine) -> None:
    a_worker_type(a_tenant())
    engine.submit(a_submission())
    found = _details()
    assert found["plan"] == [{"stepNumber": 0, "workerTypes": ["unzip-worker"], "state": "CURRENT"}]
    assert (found["attempts"], found["steps"], found["trail"]) == (0, [], [])
    assert not {"workflowType", "headers", "dueAt", "deadlineAt", "workerId"} & set(found)
    content = _measured(b'{"file":"a.zip"}')
    assert found["contents"] == {"current": content, "original": content}


def test_it_tells_when_it_is_due() -> None:
    due = clock.now() + timedelta(hours=1)
    requests(a_tenant(), "r-1", status="TO_DISPATCH", due_at=due, lost_attempts=2)
    found = _details()
    assert (found["dueAt"], found["failedAttempts"], found["plan"]) == (format_date(due), 2, [])


def test_it_links_what_can_be_asked_next() -> None:
    requests(a_tenant(), "a/b")
    client = client_as(Role.EXPLOIT, tenant="demo")
    light = {link["rel"]: link["href"] for link in client.get(f"{_HERE}/a/b").json()["links"]}
    full = client.get(light["details"]).json()
    links = {link["rel"]: link["href"] for link in full["links"]}
    assert list(links) == ["self", "request", "reasons", "content"]
    assert (links["self"], links["content"]) == (light["details"], light["content"])
    assert [client.get(address).status_code for address in links.values()] == [200] * 4


def test_it_says_that_there_is_none() -> None:
    a_tenant()
    requests(a_tenant(name="other"), "r-17")
    answer = client_as(tenant="demo").get(f"{_HERE}/r-17/details")
    assert (answer.status_code, "with id : r-17 doesn't exist" in answer.json()["messages"][0]) == (404, True)


@pytest.mark.parametrize("role", [Role.PUBLIC, Role.REGISTERED_USER])
@pytest.mark.parametrize("what", ["details", "content"])
def test_it_is_not_for_everybody(role: str, what: str) -> None:
    requests(a_tenant(), "r-17")
    client = client_as(role, tenant="demo")
    assert client.get(f"{_HERE}/r-17/{what}").status_code == 403


def test_it_does_not_read_the_clients_content_to_measure_it(engine: Engine) -> None:
    a_dispatched_workflow(engine)
    every(Request).update(digest=hashlib.sha256(b"").digest())
    assert _details()["contents"]["original"]["sha256"] == hashlib.sha256(b"").hexdigest()  # type: ignore[index]


def test_it_tells_where_a_content_is_that_is_a_file(settings: Settings, tmp_path: Path) -> None:
    settings.SHARED_STORAGE = tmp_path
    reference = StoredContent.of(b"never read here", attempt=2)
    requests(a_tenant(), "r-1", content=b"", stored_content=reference.to_json())
    (pk,) = every(Request).values_list("pk", flat=True)
    found = _details()
    place = f".contents/demo/{pk}/{reference.name}"
    assert found["contents"] == {
        "current": {**_measured(b"never read here"), "place": place},
        "original": {"size": 16, "sha256": ""},
    }
    assert "CONTENT_STORED" in [reason["code"] for reason in found["reasons"]]  # type: ignore[attr-defined] # a list
