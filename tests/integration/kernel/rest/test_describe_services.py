"""Each service describes itself, to everybody and without the internet."""

import io
import re
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.test import Client

from regards_processing.kernel.rest.services import SERVICES

_EACH_SERVICE = pytest.mark.parametrize("service", [service.name for service in SERVICES])
_VERBS = {"get", "post", "put", "delete", "patch"}


def _description(service: str) -> dict[str, Any]:
    answer = Client().get(f"/api/v1/{service}/v3/api-docs")
    assert answer.headers["Content-Type"] == "application/json"
    found: dict[str, Any] = answer.json()
    return found


def _operations(service: str) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, verb, operation)
        for path, verbs in _description(service)["paths"].items()
        for verb, operation in verbs.items()
        if verb in _VERBS
    ]


@_EACH_SERVICE
def test_it_describes_its_own_endpoints_only(service: str) -> None:
    description = _description(service)
    assert description["openapi"].startswith("3.")
    assert description["info"]["title"] == service
    assert all(path.startswith(f"/api/v1/{service}/") for path in description["paths"])


@_EACH_SERVICE
def test_it_names_every_operation_once_and_says_what_it_does(service: str) -> None:
    operations = [operation for _, _, operation in _operations(service)]
    names = [operation["operationId"] for operation in operations]
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"[a-z0-9_]+", name) for name in names)
    assert not [operation for operation in operations if not operation.get("description")]


@_EACH_SERVICE
def test_it_tells_the_errors_of_every_operation(service: str) -> None:
    for _, verb, operation in _operations(service):
        told = set(operation["responses"])
        assert {"400", "406", "500"} <= told
        assert ("401" in told) == ("security" in operation)
        assert ({"413", "415", "422"} <= told) == ("requestBody" in operation)
        assert "515" not in told or verb != "get"


def test_it_describes_errors_as_each_service_tells_them() -> None:
    shapes = {
        service.name: _operations(service.name)[0][2]["responses"]["500"]["content"]["application/json"]
        for service in SERVICES
    }
    assert shapes == {
        "rs-processing": {"schema": {"$ref": "#/components/schemas/ProcessingErrors"}},
        "rs-worker-manager": {"schema": {"$ref": "#/components/schemas/Errors"}},
    }


def test_it_describes_the_body_of_a_delete() -> None:
    paths = _description("rs-worker-manager")["paths"]
    assert "requestBody" in paths["/api/v1/rs-worker-manager/requests/delete"]["delete"]


@_EACH_SERVICE
def test_it_knows_two_ways_to_say_who_calls(service: str) -> None:
    description = _description(service)
    assert set(description["components"]["securitySchemes"]) == {"bearer", "scope"}
    required = [operation["security"] for _, _, operation in _operations(service) if "security" in operation]
    assert required
    assert all(entry == [{"bearer": []}, {"scope": []}] for entry in required)


@_EACH_SERVICE
def test_it_shows_the_description_to_people(service: str) -> None:
    page = Client().get(f"/api/v1/{service}/swagger-ui/")
    assert (page.status_code, service in page.content.decode()) == (200, True)


@_EACH_SERVICE
def test_it_needs_nothing_from_the_internet(service: str) -> None:
    page = Client().get(f"/api/v1/{service}/swagger-ui/").content.decode()
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert loaded
    assert all(finders.find(address.removeprefix("/static/")) for address in loaded)


def test_it_is_valid_and_complete() -> None:
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=io.StringIO())
