"""``GET /requests/{requestId}/reasons``: why a request waits."""

import pytest

from regards_processing.kernel.auth.roles import Role
from tests.factories.requests import requests
from tests.factories.rest import client_as
from tests.factories.worker_manager import AT, a_tenant
from workers.contract.bodies import format_date

pytestmark = pytest.mark.django_db

_HERE = "/api/v1/rs-worker-manager/requests"


def test_it_says_why_a_request_waits() -> None:
    requests(a_tenant(), "r-17", status="NO_WORKER_AVAILABLE")
    found = client_as(Role.EXPLOIT, tenant="demo").get(f"{_HERE}/r-17/reasons").json()
    assert found == {
        "content": {
            "requestId": "r-17",
            "status": "NO_WORKER_AVAILABLE",
            "reasons": [
                {
                    "code": "NO_CONFIGURATION",
                    "text": "Nothing is configured for content type unzip",
                    "facts": {"contentType": "unzip"},
                }
            ],
        },
        "links": [{"rel": "self", "href": f"http://testserver{_HERE}/r-17/reasons"}],
    }


def test_it_gives_facts_that_machines_read() -> None:
    requests(a_tenant(), "r-17", status="DISPATCHED", attempt=3)
    found = client_as(Role.EXPLOIT, tenant="demo").get(f"{_HERE}/r-17/reasons").json()
    facts = found["content"]["reasons"][0]["facts"]
    assert facts["since"] == format_date(AT)
    assert (facts["workerType"], facts["attempt"]) == ("unzip-worker", 3)


def test_it_takes_ids_with_slashes() -> None:
    requests(a_tenant(), "a/b")
    found = client_as(tenant="demo").get(f"{_HERE}/a/b/reasons").json()
    assert found["content"]["requestId"] == "a/b"


def test_it_says_that_there_is_none() -> None:
    a_tenant()
    requests(a_tenant(name="other"), "r-17")
    answer = client_as(tenant="demo").get(f"{_HERE}/r-17/reasons")
    assert (answer.status_code, "with id : r-17 doesn't exist" in answer.json()["messages"][0]) == (404, True)


@pytest.mark.parametrize("role", [Role.PUBLIC, Role.REGISTERED_USER])
def test_it_is_not_for_everybody(role: str) -> None:
    requests(a_tenant(), "r-17")
    assert client_as(role, tenant="demo").get(f"{_HERE}/r-17/reasons").status_code == 403
