"""The configuration file by REST: exported, imported, described."""

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from jsonschema import Draft202012Validator
from pytest_django import Settings

from regards_processing.kernel.audit.models import AuditEntry
from regards_processing.kernel.auth.roles import Role
from regards_processing.kernel.dynamic_settings.items import KEY as SETTING_KEY
from tests.factories.rest import client_as
from tests.factories.worker_manager import a_tenant
from tests.fakes.configured_service import NOTE_KEY, PATH, a_note, notes_of

pytestmark = pytest.mark.django_db

_CONFIGURATION = "/api/v1/rs-processing/microservice/configuration"
_INFORMATION = {
    "id": "processing",
    "name": "Fake module",
    "description": "For tests",
    "version": "1.2.3",
    "author": "nobody",
    "legalOwner": "nobody",
    "documentation": "none",
}


@pytest.fixture(autouse=True)
def _configured(settings: Settings) -> None:
    settings.CONFIGURATION_MODULES = [PATH]


def _module(*items: object, module: str = "processing") -> dict[str, Any]:
    return {"module": {"id": module}, "configuration": items}


def _post(*modules: dict[str, Any], role: str = Role.PROJECT_ADMIN) -> Any:
    return _post_bytes(json.dumps({"modules": modules}).encode(), role=role)


def _post_bytes(content: bytes, *, role: str = Role.PROJECT_ADMIN) -> Any:
    file = SimpleUploadedFile("config.json", content)
    return client_as(role, tenant="demo").post(_CONFIGURATION, {"file": file}, format="multipart")


def test_it_answers_without_a_body_when_everything_is_imported() -> None:
    tenant = a_tenant()
    answer = _post(_module(a_note("a")))
    assert (answer.status_code, answer.content) == (201, b"")
    assert set(notes_of(tenant)) == {"a"}


@pytest.mark.parametrize("modules", [(), (_module(),), (_module(a_note("a"), module="workermanager"),)])
def test_it_takes_a_file_without_anything_for_a_success(modules: tuple[dict[str, Any], ...]) -> None:
    a_tenant()
    assert _post(*modules).status_code == 201


def test_it_reports_every_module_when_some_items_are_refused() -> None:
    tenant = a_tenant()
    answer = _post(_module(a_note("a")), _module(a_note(7), a_note("c", "odd"), {"key": "java.lang.Runtime"}))
    assert answer.status_code == 206
    assert answer.json() == [
        {"moduleInformation": _INFORMATION, "importErrors": [], "onlyErrors": False},
        {
            "moduleInformation": _INFORMATION,
            "importErrors": [
                "name is no text",
                (f"Item 2 is refused: key 'java.lang.Runtime' must be one of {SETTING_KEY}, {NOTE_KEY}"),
            ],
            "onlyErrors": False,
            "importWarnings": ["c is odd"],
        },
    ]
    assert set(notes_of(tenant)) == {"a", "c"}


def test_it_reports_a_conflict_when_every_item_is_refused() -> None:
    a_tenant()
    answer = _post(_module(a_note(7)), _module(a_note("b", "refused")))
    assert answer.status_code == 409
    assert [report["onlyErrors"] for report in answer.json()] == [True, True]


@pytest.mark.parametrize("content", [b"{", b"", b"[]", b"\xff", b'{"modules": 7}'])
def test_it_refuses_a_file_that_cannot_be_read(content: bytes) -> None:
    a_tenant()
    answer = _post_bytes(content)
    assert (answer.status_code, len(answer.json()["messages"])) == (422, 1)


def test_it_answers_whatever_texts_a_file_holds() -> None:
    a_tenant()
    answer = _post_bytes(
        rb'{"modules":[{"module":{"id":"processing","name":"\ud800"},"configuration":[{"key":"\ud800"}]}]}'
    )
    assert (answer.status_code, "\\ud800" in answer.json()[0]["importErrors"][0]) == (409, True)


@pytest.mark.parametrize("form", [{}, {"other": "x"}, {"file": "a text"}])
def test_it_wants_a_file(form: dict[str, str]) -> None:
    a_tenant()
    answer = client_as(tenant="demo").post(_CONFIGURATION, form, format="multipart")
    assert (answer.status_code, answer.json()["messages"]) == (
        400,
        ["The form must have a file in its field file."],
    )


def test_it_wants_a_form() -> None:
    a_tenant()
    answer = client_as(tenant="demo").post(_CONFIGURATION, {}, format="json")
    assert (answer.status_code, answer.json()["messages"]) == (
        415,
        [
            (
                'Unsupported media type "application/json" in request. '
                "Allowed: multipart/form-data with the file in its field file."
            )
        ],
    )


def test_it_exports_a_file_to_download() -> None:
    a_tenant()
    _post(_module(a_note("é")))
    answer = client_as(tenant="demo").get(_CONFIGURATION)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="config-rs-processing.json"'
    assert answer.content.decode().startswith('{\n  "microservice": "rs-processing",\n')
    assert _post_bytes(answer.content).status_code == 201


def test_it_publishes_the_schema_of_its_files() -> None:
    a_tenant()
    client = client_as(tenant="demo")
    schema = client.get(f"{_CONFIGURATION}/schema").json()
    Draft202012Validator.check_schema(schema)
    assert Draft202012Validator(schema).is_valid(client.get(_CONFIGURATION).json())


def test_it_says_that_there_is_something_to_configure() -> None:
    a_tenant()
    answer = client_as(tenant="demo").get(f"{_CONFIGURATION}/enabled")
    assert (answer.status_code, answer.content) == (200, b"")


def test_it_says_who_did_it() -> None:
    a_tenant()
    _post(_module(a_note("a")))
    client_as(tenant="demo").get(_CONFIGURATION)
    trail = AuditEntry.objects.order_by("pk").values_list("actor", "origin", "action")
    assert list(trail) == [
        ("ada", "REST", "configuration.imported"),
        ("ada", "REST", "configuration.exported"),
    ]


@pytest.mark.parametrize("path", ["", "/enabled", "/schema"])
def test_it_has_nothing_for_a_service_without_a_module(path: str, settings: Settings) -> None:
    settings.CONFIGURATION_MODULES = []
    a_tenant()
    answer = client_as(tenant="demo").get(_CONFIGURATION + path)
    assert answer.status_code == 501
    assert "rs-processing has nothing that a configuration file could hold" in answer.json()["messages"]


def test_it_has_no_importer_for_a_service_without_a_module(settings: Settings) -> None:
    settings.CONFIGURATION_MODULES = []
    a_tenant()
    assert _post(_module()).status_code == 422


@pytest.mark.parametrize("role", [Role.ADMIN, Role.EXPLOIT, Role.PUBLIC])
@pytest.mark.parametrize("path", ["", "/enabled", "/schema"])
def test_it_is_for_administrators_of_the_project(path: str, role: Role) -> None:
    a_tenant()
    assert client_as(role, tenant="demo").get(_CONFIGURATION + path).status_code == 403
    assert _post(_module(), role=role).status_code == 403
