"""Web pages of other origins may call when they are listed."""

from typing import Any

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

_SEARCH = "/api/v1/rs-worker-manager/requests"
_PORTAL = "https://portal.example.org"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _listed(settings: Settings) -> None:
    settings.CORS_ALLOWED_ORIGINS = [_PORTAL]


def _ask_beforehand(origin: str) -> Any:
    """Ask as a browser does before it calls."""
    headers = {"origin": origin, "access-control-request-method": "POST"}
    return Client().options(_SEARCH, headers=headers)


def test_it_tells_listed_origins_what_they_may_do() -> None:
    answer = _ask_beforehand(_PORTAL)
    assert answer.status_code == 200
    assert {name: value for name, value in answer.items() if name.startswith("access-control-")} == {
        "access-control-allow-origin": _PORTAL,
        "access-control-allow-methods": "POST, PUT, GET, OPTIONS, DELETE",
        "access-control-allow-headers": "authorization, content-type, scope",
        "access-control-expose-headers": "correlation-id, location",
        "access-control-max-age": "3600",
    }


def test_it_promises_nothing_to_others() -> None:
    answer = _ask_beforehand("https://elsewhere.example.org")
    assert answer.status_code == 200
    assert "access-control-allow-origin" not in answer


@pytest.mark.parametrize("path", [_SEARCH, "/api/v1/missing"])
def test_it_lets_listed_origins_read_errors(path: str) -> None:
    answer = Client().get(path, headers={"origin": _PORTAL})
    assert answer.status_code >= 400
    assert answer["access-control-allow-origin"] == _PORTAL


def test_it_keeps_the_admin_to_itself() -> None:
    answer = Client().get("/admin/login/", headers={"origin": _PORTAL})
    assert "access-control-allow-origin" not in answer


def test_it_lets_every_origin_call_on_request(settings: Settings) -> None:
    settings.CORS_ALLOW_ALL_ORIGINS = True
    assert _ask_beforehand("https://elsewhere.example.org")["access-control-allow-origin"] == "*"
