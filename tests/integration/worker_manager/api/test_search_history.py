"""``POST /history``: operators look for requests that have ended."""

from typing import Any

import pytest

from regards_processing.kernel.auth.roles import Role
from tests.factories.history import a_finished_request, finished_requests
from tests.factories.requests import requests
from tests.factories.rest import client_as
from tests.factories.rows import every
from tests.factories.worker_manager import a_tenant, later
from worker_manager.models import FinishedRequest

pytestmark = pytest.mark.django_db

_HERE = "/api/v1/rs-worker-manager/history"
#: Columns of requests that have little in common.
_DIFFERENT: tuple[dict[str, Any], ...] = (
    {"source": "acme", "session": "2025-06", "content_type": "unzip", "finished_at": later(0)},
    {"source": "lab", "session": "2025-07", "status": "ERROR", "error": "disk full", "finished_at": later(1)},
    {"source": "acme-lab", "content_type": "scan", "worker_type": "scan-worker", "finished_at": later(2)},
)


def _search(body: object = None, *, query: str = "", role: str = Role.EXPLOIT, tenant: str = "demo") -> Any:
    client = client_as(role, tenant=tenant)
    return client.post(f"{_HERE}{query}", {} if body is None else body, format="json")


def _found(body: object = None, *, query: str = "") -> list[str]:
    answer = _search(body, query=query)
    assert answer.status_code == 200, answer.content
    return [entity["content"]["requestId"] for entity in answer.json()["content"]]


def _stored(*facts: dict[str, Any]) -> None:
    """Store one finished request for each set of columns: ``r-0``, ``r-1`` and so on."""
    tenant = a_tenant()
    FinishedRequest.objects.bulk_create(
        a_finished_request(tenant, f"r-{number}", **columns) for number, columns in enumerate(facts)
    )


def test_it_shows_what_is_left_of_a_request() -> None:
    finished_requests(a_tenant(), "r-17", priority=7)
    (found,) = _search().json()["content"]
    assert found == {
        "content": {
            "id": every(FinishedRequest).get().pk,
            "requestId": "r-17",
            "creationDate": "2025-06-01T11:59:55Z",
            "endDate": "2025-06-01T12:00:00Z",
            "contentType": "unzip",
            "source": "acme",
            "session": "2025-06",
            "status": "SUCCESS",
            "dispatchedWorkerType": "unzip-worker",
            "workerId": "w-1",
            "priority": 7,
            "attempts": 1,
            "steps": [
                {
                    "stepNumber": 0,
                    "workerType": "unzip-worker",
                    "attempts": 1,
                    "dispatchedAt": "2025-06-01T11:59:56Z",
                    "endedAt": "2025-06-01T12:00:00Z",
                    "queueSeconds": 0.5,
                    "runSeconds": 3.5,
                    "outcome": "SUCCESS",
                }
            ],
        },
        "links": [{"rel": "self", "href": f"http://testserver{_HERE}/r-17"}],
    }


def test_it_leaves_out_what_is_not_known() -> None:
    finished_requests(a_tenant(), "r-1", worker_type=None, worker_id=None, trail="", attempts=0)
    content = _search().json()["content"][0]["content"]
    assert not {"dispatchedWorkerType", "workerId", "error"} & set(content)
    assert (content["attempts"], content["steps"]) == (0, [])


def test_it_shows_what_ended_last_first() -> None:
    _stored(*_DIFFERENT)
    assert _found() == ["r-2", "r-1", "r-0"]
    assert _found(query="?sort=endDate") == ["r-0", "r-1", "r-2"]
    assert _found(query="?sort=requestId,desc") == ["r-2", "r-1", "r-0"]


def test_it_leads_from_page_to_page() -> None:
    _stored(*({"finished_at": later(number // 2)} for number in range(5)))
    client = client_as(tenant="demo")
    address, seen = f"{_HERE}?size=2", []
    for _ in range(3):
        page = client.post(address, {}, format="json").json()
        seen += [entity["content"]["requestId"] for entity in page["content"]]
        address = {link["rel"]: link["href"] for link in page["links"]}.get("next", "")
    assert (seen, address) == (["r-4", "r-3", "r-2", "r-1", "r-0"], "")
    assert page["metadata"] == {"size": 2, "totalElements": 5, "totalPages": 3, "number": 2}


@pytest.mark.parametrize("sort", ["creationDate", "source", "id", "tenant"])
def test_it_sorts_by_nothing_that_no_index_has(sort: str) -> None:
    a_tenant()
    answer = _search(query=f"?sort={sort}")
    told = f"Parameter sort={sort} is refused: one of endDate, requestId is expected"
    assert (answer.status_code, answer.json()) == (400, {"messages": [told]})


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({}, ["r-2", "r-1", "r-0"]),
        ({"source": "lab"}, ["r-2", "r-1"]),
        ({"session": "2025-06"}, ["r-2", "r-0"]),
        ({"dispatchedWorkerType": "unzip"}, ["r-1", "r-0"]),
        ({"contentTypes": {"values": ["scan"], "mode": "INCLUDE"}}, ["r-2"]),
        ({"statuses": {"values": ["SUCCESS"], "mode": "EXCLUDE"}}, ["r-1"]),
        ({"endDate": {"after": "2025-06-01T12:00:01Z"}}, ["r-2", "r-1"]),
        ({"endDate": {"before": "2025-06-01T12:00:00Z"}}, ["r-0"]),
        ({"creationDate": {"after": "2025-06-01T12:00:00Z"}}, []),
        ({"requestId": "r-1"}, ["r-1"]),
        ({"requestId": "r-"}, []),
        ({"requestId": "R-1"}, []),
        ({"requestIds": {"values": ["r-0", "r-2"], "mode": "INCLUDE"}}, ["r-2", "r-0"]),
        ({"requestIds": {"values": ["r-0"], "mode": "EXCLUDE"}, "requestId": "r-1"}, ["r-1"]),
        ({"requestId": "", "unknown": 1, "source": None}, ["r-2", "r-1", "r-0"]),
    ],
)
def test_it_finds_what_meets_every_condition(body: dict[str, Any], found: list[str]) -> None:
    _stored(*_DIFFERENT)
    assert _found(body) == found


def test_it_finds_them_by_their_technical_ids() -> None:
    _stored({}, {})
    chosen = every(FinishedRequest).get(request_id="r-1").pk
    assert _found({"ids": {"values": [chosen], "mode": "INCLUDE"}}) == ["r-1"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            {"endDate": {"after": "now"}},
            "endDate.after: 'now' is not a date such as 2025-01-23T14:42:27.12Z or 2025-01-23T15:42+01:00",
        ),
        ({"requestId": {}}, "requestId: Not a valid string."),
    ],
)
def test_it_refuses_filters_that_break_a_rule(body: object, message: str) -> None:
    a_tenant()
    answer = _search(body)
    assert (answer.status_code, answer.json()) == (422, {"messages": [message]})


def test_it_does_not_know_requests_on_their_way() -> None:
    requests(a_tenant(), "r-1")
    assert _found() == []


def test_it_shows_those_of_the_callers_tenant_only() -> None:
    finished_requests(a_tenant(), "ours")
    finished_requests(a_tenant(name="other"), "theirs")
    assert _found() == ["ours"]
    theirs = every(FinishedRequest).get(request_id="theirs").pk
    assert _found({"ids": {"values": [theirs], "mode": "INCLUDE"}}) == []


@pytest.mark.parametrize("role", [Role.PUBLIC, Role.REGISTERED_USER])
def test_it_is_not_for_everybody(role: str) -> None:
    a_tenant()
    assert _search(role=role).status_code == 403
