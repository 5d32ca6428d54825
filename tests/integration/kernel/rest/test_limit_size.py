"""Bodies that are too long are refused before they are read."""

import io
from typing import Any

import pytest
from django.test import Client, RequestFactory
from pytest_django.fixtures import Settings

from regards_processing.wsgi import application
from tests.factories.rest import client_as
from tests.factories.worker_manager import a_tenant

pytestmark = pytest.mark.django_db

_SEARCH = "/api/v1/rs-worker-manager/requests"


@pytest.fixture(autouse=True)
def _limited(settings: Settings) -> None:
    settings.REQUEST_MAX_BYTES = 100


def _search(length: int) -> Any:
    a_tenant()
    body = b'{"source": "' + b"x" * (length - 14) + b'"}'
    assert len(body) == length
    return client_as(tenant="demo").post(_SEARCH, body, content_type="application/json")


def test_it_takes_bodies_up_to_the_limit() -> None:
    assert _search(100).status_code == 200


def test_it_refuses_longer_ones() -> None:
    answer = _search(101)
    assert (answer.status_code, answer.json()) == (
        413,
        {"messages": ["The body is larger than 100 bytes"]},
    )
    assert answer.headers["correlation-id"]


def test_it_refuses_them_everywhere() -> None:
    assert Client().post("/admin/login/", {"username": "x" * 200}).status_code == 413


@pytest.mark.parametrize("length", ["-1", "x", "1e3"])
def test_it_refuses_lengths_that_are_none(length: str) -> None:
    answer = Client().generic("POST", _SEARCH, b"{}", "application/json", CONTENT_LENGTH=length)
    assert (answer.status_code, answer.json()) == (
        400,
        {"messages": [f"Content-Length {length} is no length"]},
    )


def _chunked(body: bytes) -> tuple[str, bytes]:
    """Call the application as a server does that got a body in pieces; return status and body."""
    started: list[str] = []
    call = RequestFactory().post(
        _SEARCH, content_type="application/json", headers={"scope": "demo", "transfer-encoding": "chunked"}
    )
    environ = call.environ | {"wsgi.input": io.BytesIO(body), "wsgi.input_terminated": True}
    del environ["CONTENT_LENGTH"]
    answer = application(environ, lambda status, _headers: started.append(status))
    return started[0], b"".join(answer)


# A server's application opens and closes its own connections.
@pytest.mark.django_db(transaction=True)
def test_it_measures_bodies_that_come_in_pieces() -> None:
    status, told = _chunked(b"x" * 20_000_000)
    assert (status[:3], told) == ("413", b'{"messages":["The body is larger than 100 bytes"]}')


@pytest.mark.django_db(transaction=True)
def test_it_reads_bodies_that_come_in_pieces() -> None:
    a_tenant()
    status, told = _chunked(b"{}")
    assert (status[:3], told) == (
        "403",
        b'{"messages":["Access denied: role PUBLIC may not call POST /api/v1/rs-worker-manager/requests"]}',
    )
