"""Calls are served to whom a token names, and refused with a clear reason otherwise."""

import logging
from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from regards_processing.kernel.auth.identity import INSTANCE, NO_TENANT
from tests.factories.access import SETTINGS, WORKERS, address_of
from tests.factories.tokens import OTHER_SECRET, claims, session_token, signed, soon, unsigned
from tests.factories.worker_manager import a_tenant

pytestmark = pytest.mark.django_db

_WORKERS = address_of(WORKERS)
_ABOUT_THE_PLATFORM = address_of("/security/resources")


@pytest.fixture(autouse=True)
def _tenants() -> None:
    a_tenant(name="default")
    a_tenant(name="asleep", active=False)


def _get(address: str = _WORKERS, *, token: str | None = None, **headers: str) -> tuple[int, list[str]]:
    """Call; return the status and the texts of the error."""
    bearer = {} if token is None else {"Authorization": f"Bearer {token}"}
    answer = APIClient().get(address, headers=bearer | headers)
    content: Any = answer.json()
    return answer.status_code, content.get("messages", []) if isinstance(content, dict) else []


def test_it_serves_whom_a_token_names() -> None:
    assert _get(token=session_token()) == (200, [])


def test_it_takes_the_scheme_in_any_case() -> None:
    assert _get(Authorization=f"bearer {session_token()}") == (200, [])


def test_it_refuses_who_says_nothing() -> None:
    answer = APIClient().get(_WORKERS)
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert answer.json()["messages"]


def test_it_says_session_expired_in_the_words_of_the_user_interface() -> None:
    status, messages = _get(token=session_token(exp=soon(seconds=-3600)))
    assert status == 401
    assert "io.jsonwebtoken.ExpiredJwtException" in messages[0]


_BAD: dict[str, Callable[[], str]] = {
    "unsigned": lambda: unsigned(claims(), alg="none"),
    "without signature": lambda: unsigned(claims(), alg="HS512"),
    "of another secret": lambda: signed(claims(), secret=OTHER_SECRET),
    "of an unknown key": lambda: signed(claims(), secret=OTHER_SECRET, kid="lost"),
    "truncated": lambda: session_token()[:-30],
    "no token": lambda: "hello",
    "empty": lambda: "",
    "without role": lambda: session_token(role=...),
    "with a number for a tenant": lambda: session_token(tenant=7),
    "of an unknown tenant": lambda: session_token(tenant="nobody"),
    "of an inactive tenant": lambda: session_token(tenant="asleep"),
}


@pytest.mark.parametrize("kind", _BAD)
@pytest.mark.parametrize("address", [_WORKERS, _ABOUT_THE_PLATFORM])
def test_it_refuses_a_token_that_proves_nothing(kind: str, address: str) -> None:
    status, messages = _get(address, token=_BAD[kind]())
    assert (status, len(messages)) == (401, 1)


@pytest.mark.parametrize("tenant", [INSTANCE, NO_TENANT])
def test_it_lets_those_who_act_for_no_tenant_call_what_is_about_the_platform_only(tenant: str) -> None:
    token = session_token(tenant=tenant, role="SYS_rs-order")
    assert _get(_ABOUT_THE_PLATFORM, token=token)[0] == 200
    assert _get(_WORKERS, token=token)[0] == 401


def test_it_refuses_a_role_that_is_too_low() -> None:
    status, messages = _get(address_of(SETTINGS), token=session_token(role="EXPLOIT"))
    assert status == 403
    assert "role EXPLOIT may not call GET /api/v1/rs-worker-manager/settings" in messages[0]


def test_it_takes_a_scope_for_a_public_user() -> None:
    assert _get(scope="default")[0] == 403
    assert _get(f"{_WORKERS}?scope=default")[0] == 403


@pytest.mark.parametrize("scope", ["nobody", "asleep", "x" * 256, " ", "a%01b"])
def test_it_refuses_a_scope_that_is_no_active_tenant(scope: str) -> None:
    assert _get(f"{_WORKERS}?scope={scope}")[0] == 401


def test_it_believes_the_token_rather_than_the_scope() -> None:
    assert _get(token=session_token(), scope="nobody") == (200, [])
    assert _get(token="bad", scope="default")[0] == 401


def test_it_takes_a_token_in_the_address() -> None:
    assert _get(f"{_WORKERS}?token={session_token()}") == (200, [])
    assert _get(f"{_WORKERS}?token={session_token()}&scope=nobody") == (200, [])


def test_it_believes_the_header_rather_than_the_address() -> None:
    assert _get(f"{_WORKERS}?token=bad", token=session_token()) == (200, [])
    assert _get(f"{_WORKERS}?token={session_token()}", token="bad")[0] == 401


def test_it_takes_another_scheme_for_nothing() -> None:
    assert _get(Authorization="Basic YTpi")[0] == 401
    assert _get(Authorization="Basic YTpi", scope="default")[0] == 403


def test_it_writes_no_token_down(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        for token in (
            session_token(),
            session_token(role="PUBLIC"),
            session_token(tenant="nobody"),
            "junk.x",
        ):
            _get(f"{_WORKERS}?token={token}")
        everything = "\n".join(
            text
            for record in caplog.records
            for text in (record.getMessage(), *map(repr, vars(record).values()))
        )
    assert "/workers" in everything
    assert not [part for part in ("token=", "junk.x", session_token()[:40]) if part in everything]
