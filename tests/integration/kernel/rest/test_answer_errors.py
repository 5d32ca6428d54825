"""Whatever goes wrong, the answer has one form."""

import logging
import uuid
from typing import Any

import pytest

from tests.factories.rest import client_as
from tests.factories.worker_manager import a_tenant

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("probes")]

_UNFORESEEN = (
    "An unexpected error occurred, please consult the microservice log for more information. "
    "Cause: ZeroDivisionError, message: division by zero"
)


def _get(action: str, *, service: str = "rs-worker-manager") -> Any:
    a_tenant()
    return client_as(tenant="demo").get(f"/api/v1/{service}/act/{action}")


@pytest.mark.parametrize(
    ("action", "status", "message"),
    [
        ("domain", 409, "This cannot be done now."),
        ("domain-401", 401, "You prove nothing."),
        ("not-found", 404, "Not found"),
        ("not-found-told", 404, "There is no such thing"),
        ("permission", 403, "Access denied"),
        ("authentication", 401, "ExpiredJwtException"),
        ("throttled", 429, "Request was throttled. Expected available in 7 seconds."),
        ("too-big", 413, "Too big"),
        ("suspicious", 400, "Suspicious"),
        ("unforeseen", 500, _UNFORESEEN),
    ],
)
def test_it_answers_every_error_in_one_form(action: str, status: int, message: str) -> None:
    answer = _get(action)
    assert (answer.status_code, answer.json()) == (status, {"messages": [message]})
    assert answer.headers["Content-Type"] == "application/json"


def test_it_names_what_the_database_refused_and_no_values() -> None:
    answer = _get("integrity")
    (message,) = answer.json()["messages"]
    assert answer.status_code == 422
    assert message.startswith("The database refuses this: ")
    assert "tenant_id" in message
    assert "\n" not in message


@pytest.mark.parametrize("action", ["domain-401", "authentication"])
def test_it_says_how_to_authenticate(action: str) -> None:
    assert _get(action).headers["WWW-Authenticate"] == "Bearer"


def test_it_says_when_to_call_again() -> None:
    assert _get("throttled").headers["Retry-After"] == "7"


def test_it_logs_what_nobody_foresaw_once_with_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    _get("unforeseen")
    (record,) = [entry for entry in caplog.records if entry.levelno >= logging.ERROR]
    assert (record.getMessage(), record.path) == ("call failed", "/api/v1/rs-worker-manager/act/unforeseen")  # type: ignore[attr-defined] # given as extra
    assert record.exc_info is not None
    assert record.exc_info[0] is ZeroDivisionError


def test_it_does_not_log_what_was_foreseen_as_an_error(caplog: pytest.LogCaptureFixture) -> None:
    _get("domain")
    assert not [entry for entry in caplog.records if entry.levelno >= logging.ERROR]


@pytest.mark.parametrize("action", ["domain", "not-found", "unforeseen"])
def test_it_tells_clients_of_processing_in_both_forms(action: str) -> None:
    body = _get(action, service="rs-processing").json()
    assert body["messages"] == [body["message"]]
    assert str(uuid.UUID(body["errorId"])) == body["errorId"]
    assert body["time"].endswith("Z")


def test_it_tells_each_broken_rule() -> None:
    a_tenant()
    client = client_as(tenant="demo")
    answer = client.post("/api/v1/rs-worker-manager/act/nothing", {"size": 10}, format="json")
    told = ["size: Ensure this value is less than or equal to 9."]
    assert (answer.status_code, answer.json()) == (422, {"messages": told})


@pytest.mark.parametrize("body", ["{", '{"size": NaN}', '{"size": "\\u0000"}'])
def test_it_refuses_what_is_no_json(body: str) -> None:
    a_tenant()
    answer = client_as(tenant="demo").post(
        "/api/v1/rs-worker-manager/act/nothing", body, content_type="application/json"
    )
    assert (answer.status_code, answer.json()["messages"][0][:15]) == (400, "Malformed JSON:")


def test_it_wants_the_body_that_is_described() -> None:
    a_tenant()
    answer = client_as(tenant="demo").post("/api/v1/rs-worker-manager/act/nothing")
    assert (answer.status_code, answer.json()) == (400, {"messages": ["A JSON body is required."]})


def test_it_reads_json_only() -> None:
    a_tenant()
    answer = client_as(tenant="demo").post(
        "/api/v1/rs-worker-manager/act/nothing", "a=1", content_type="application/x-www-form-urlencoded"
    )
    assert (answer.status_code, list(answer.json())) == (415, ["messages"])


def test_it_writes_json_only() -> None:
    a_tenant()
    client = client_as(tenant="demo")
    answer = client.get("/api/v1/rs-worker-manager/act/nothing", HTTP_ACCEPT="text/html")
    assert (answer.status_code, list(answer.json())) == (406, ["messages"])


@pytest.mark.parametrize(
    ("page", "status", "message"),
    [
        (
            "broken",
            500,
            _UNFORESEEN.replace("ZeroDivisionError, message: division by zero", "LookupError, message: lost"),
        ),
        ("refused", 403, "Access denied"),
        ("suspicious", 400, "Suspicious"),
        ("missing", 404, "There is no endpoint /api/v1/missing"),
        ("rs-worker-manager/missing", 404, "There is no endpoint /api/v1/rs-worker-manager/missing"),
    ],
)
def test_it_answers_errors_outside_the_endpoints_in_the_same_form(
    page: str, status: int, message: str
) -> None:
    client = client_as()
    client.raise_request_exception = False
    answer = client.get(f"/api/v1/{page}")
    assert (answer.status_code, answer.json()) == (status, {"messages": [message]})
    assert answer.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("path", ["rs-worker-manager/act/nothing", "missing"])
def test_it_refuses_more_parameters_than_anybody_needs(path: str) -> None:
    a_tenant()
    answer = client_as(tenant="demo").get(f"/api/v1/{path}?_pretty&{'a=1&' * 1001}")
    assert answer.status_code in {400, 404}
    assert list(answer.json()) == ["messages"]


def test_it_indents_errors_on_request() -> None:
    assert client_as().get("/api/v1/missing?_pretty").content.startswith(b'{\n  "messages": [')


@pytest.mark.parametrize(
    ("page", "status"), [("broken", 500), ("refused", 403), ("suspicious", 400), ("x", 404)]
)
def test_it_leaves_pages_for_people_as_they_are(page: str, status: int) -> None:
    client = client_as()
    client.raise_request_exception = False
    answer = client.get(f"/{page}")
    assert (answer.status_code, answer.headers["Content-Type"][:9]) == (status, "text/html")
