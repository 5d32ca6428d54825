"""``GET /history/{requestId}``: what is left of the requests that had an id."""

import pytest

from regards_processing.kernel.auth.roles import Role
from tests.factories.history import a_trail, finished_requests
from tests.factories.messages import a_submission, an_answer
from tests.factories.requests import requests
from tests.factories.rest import client_as
from tests.factories.scenes import a_dispatched_request
from tests.factories.worker_manager import a_tenant, later
from tests.fakes.engine import Engine

pytestmark = pytest.mark.django_db

_HERE = "/api/v1/rs-worker-manager/history"


def test_it_shows_each_attempt() -> None:
    finished_requests(a_tenant(), "r-17")
    (found,) = client_as(Role.EXPLOIT, tenant="demo").get(f"{_HERE}/r-17").json()
    assert found["content"]["trail"] == [
        {
            "stepNumber": 0,
            "attempt": 1,
            "workerType": "unzip-worker",
            "dispatchedAt": "2025-06-01T11:59:56Z",
            "startedAt": "2025-06-01T11:59:56.5Z",
            "endedAt": "2025-06-01T12:00:00Z",
            "queueSeconds": 0.5,
            "runSeconds": 3.5,
            "workerId": "w-1",
            "outcome": "SUCCESS",
            "message": "done",
        }
    ]
    assert [link["rel"] for link in found["links"]] == ["self"]


def test_it_lists_every_life_of_an_id_newest_first(engine: Engine) -> None:
    a_dispatched_request(engine)
    engine.answer(an_answer(run_seconds=1), at=later(2))
    engine.submit(a_submission(content=b"{}"), at=later(3))
    engine.answer(an_answer(run_seconds=1), at=later(5))
    lives = client_as(tenant="demo").get(f"{_HERE}/r-1").json()
    assert [life["content"]["endDate"] for life in lives] == ["2025-06-01T12:00:05Z", "2025-06-01T12:00:02Z"]
    assert [life["content"]["steps"][0]["queueSeconds"] for life in lives] == [1, 1]


@pytest.mark.parametrize("request_id", ["a/b", "a b", "é", "a?b#c%d", ".."])
def test_it_links_every_request_by_an_address_that_leads_to_it(request_id: str) -> None:
    finished_requests(a_tenant(), request_id, trail=a_trail(outcome="ERROR"))
    client = client_as(tenant="demo")
    (found,) = client.post(_HERE, {}, format="json").json()["content"]
    (life,) = client.get(found["links"][0]["href"]).json()
    assert life["content"]["requestId"] == request_id


def test_it_says_that_there_is_none() -> None:
    requests(a_tenant(), "r-17")
    finished_requests(a_tenant(name="other"), "r-17")
    answer = client_as(tenant="demo").get(f"{_HERE}/r-17")
    told = "The history knows no request with id : r-17"
    assert (answer.status_code, answer.json()) == (404, {"messages": [told]})


@pytest.mark.parametrize("role", [Role.PUBLIC, Role.REGISTERED_USER])
def test_it_is_not_for_everybody(role: str) -> None:
    finished_requests(a_tenant(), "r-17")
    assert client_as(role, tenant="demo").get(f"{_HERE}/r-17").status_code == 403
