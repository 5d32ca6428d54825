"""``GET /requests/{requestId}/content``: the bytes of a request."""

from pathlib import Path

import pytest
from pytest_django import Settings

from regards_processing.kernel.auth.roles import Role
from tests.factories.requests import requests
from tests.factories.rest import client_as
from tests.factories.rows import every
from tests.factories.stored_contents import folder_of
from tests.factories.worker_manager import a_tenant, the_request
from worker_manager.models import Request

pytestmark = pytest.mark.django_db

_HERE = "/api/v1/rs-worker-manager/requests"
_BYTES = bytes(range(256))


@pytest.mark.parametrize(
    ("query", "content", "name"),
    [
        ("", _BYTES, "r-17.current.bin"),
        ("?which=", _BYTES, "r-17.current.bin"),
        ("?which=current", _BYTES, "r-17.current.bin"),
        ("?which=original", b"<script>", "r-17.original.bin"),
    ],
)
def test_it_gives_the_bytes_as_they_are(query: str, content: bytes, name: str) -> None:
    requests(a_tenant(), "r-17", content=_BYTES, original_content=b"<script>")
    answer = client_as(Role.EXPLOIT, tenant="demo").get(f"{_HERE}/r-17/content{query}")
    assert (answer.status_code, answer.content) == (200, content)
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Length"] == str(len(content))
    assert answer["Content-Disposition"] == f'attachment; filename="{name}"'
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_the_first_step_gets_what_the_client_sent() -> None:
    requests(a_tenant(), "r-17", original_content=b"{}")
    client = client_as(tenant="demo")
    assert client.get(f"{_HERE}/r-17/content").content == b"{}"


@pytest.mark.parametrize("content", [b"", b"x" * 300_000])
def test_it_gives_contents_of_every_size(content: bytes) -> None:
    requests(a_tenant(), "r-17", content=content)
    answer = client_as(tenant="demo").get(f"{_HERE}/r-17/content")
    assert (answer.content, answer["Content-Length"]) == (content, str(len(content)))


@pytest.mark.parametrize(
    ("request_id", "name"),
    [
        ("/etc/pass.wd", "etc_pass_wd.current.bin"),
        ('a"b;c\r\nX: y', "a_b_c_X_y.current.bin"),
        ("é", "content.current.bin"),
        ("x" * 255, "x" * 100 + ".current.bin"),
    ],
)
def test_it_names_a_file_that_is_safe_everywhere(request_id: str, name: str) -> None:
    requests(a_tenant(), request_id)
    client = client_as(tenant="demo")
    (found,) = client.post(_HERE, {}, format="json").json()["content"]
    answer = client.get({link["rel"]: link["href"] for link in found["links"]}["content"])
    assert answer["Content-Disposition"] == f'attachment; filename="{name}"'


@pytest.mark.parametrize("accepted", ["application/octet-stream", "text/html", "*/*"])
def test_it_serves_whatever_is_asked_for(accepted: str) -> None:
    requests(a_tenant(), "r-17")
    client = client_as(tenant="demo")
    assert client.get(f"{_HERE}/r-17/content", HTTP_ACCEPT=accepted).status_code == 200
    missing = client.get(f"{_HERE}/r-18/content", HTTP_ACCEPT=accepted)
    assert (missing.status_code, missing["Content-Type"]) == (404, "application/json")


def test_it_refuses_a_content_that_there_is_not() -> None:
    requests(a_tenant(), "r-17")
    answer = client_as(tenant="demo").get(f"{_HERE}/r-17/content?which=last")
    told = "Parameter which=last is refused: one of current, original is expected"
    assert (answer.status_code, answer.json()) == (400, {"messages": [told]})


def test_it_does_not_know_the_requests_of_other_tenants() -> None:
    a_tenant()
    requests(a_tenant(name="other"), "r-17")
    assert client_as(tenant="demo").get(f"{_HERE}/r-17/content").status_code == 404


@pytest.fixture
def stored(settings: Settings, tmp_path: Path) -> Request:
    """Give a request whose step gets a file of the shared storage."""
    settings.SHARED_STORAGE = tmp_path
    requests(a_tenant(), "r-17", content=b"", original_content=b"{}")
    request = the_request("r-17")
    reference = folder_of(request).keep(_BYTES, attempt=2)
    every(Request).update(stored_content=reference.to_json())
    return request


def test_it_gives_the_bytes_of_a_stored_content(stored: Request) -> None:
    client = client_as(tenant="demo")
    assert client.get(f"{_HERE}/{stored.request_id}/content").content == _BYTES
    assert client.get(f"{_HERE}/{stored.request_id}/content?which=original").content == b"{}"


def test_it_says_when_a_stored_content_is_lost(stored: Request) -> None:
    (file,) = folder_of(stored).path.iterdir()
    file.write_bytes(b"cut")
    answer = client_as(tenant="demo").get(f"{_HERE}/r-17/content")
    assert answer.status_code == 410
    (message,) = answer.json()["messages"]
    assert f".contents/demo/{stored.pk}/{file.name} in the shared storage" in message
    assert "has 3 bytes now" in message
