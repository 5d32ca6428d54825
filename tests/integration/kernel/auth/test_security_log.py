"""Security events are lines with a prefix and with fields."""

import logging
from collections.abc import Sequence
from typing import Any

import pytest
from rest_framework.test import APIClient

from tests.factories.access import SETTINGS, WORKERS, a_membership, a_user, address_of
from tests.factories.rest import client_as
from tests.factories.sign_in import ask_for_token
from tests.factories.worker_manager import a_tenant

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("application")]

_FIELDS = ("action", "login", "tenant", "address")


def _lines(caplog: pytest.LogCaptureFixture, *, fields: Sequence[str] = _FIELDS) -> list[tuple[Any, ...]]:
    records = [record for record in caplog.records if record.name == "regards_processing.security"]
    assert all(record.getMessage().startswith("SECURITY: ") for record in records)
    return [(record.levelname, *(getattr(record, name) for name in fields)) for record in records]


def test_it_tells_that_a_call_without_identity_was_refused(caplog: pytest.LogCaptureFixture) -> None:
    APIClient().get(address_of(WORKERS), REMOTE_ADDR="10.1.2.3")
    fields = (*_FIELDS, "status", "method", "path")
    assert _lines(caplog, fields=fields) == [
        ("WARNING", "security.call_refused", None, None, "10.1.2.3", 401, "GET", address_of(WORKERS))
    ]


def test_it_tells_who_may_not_do_this(caplog: pytest.LogCaptureFixture) -> None:
    a_tenant(name="demo")
    client_as("EXPLOIT", tenant="demo").get(address_of(SETTINGS), REMOTE_ADDR="10.1.2.3")
    assert _lines(caplog) == [("WARNING", "security.call_refused", "ada", "demo", "10.1.2.3")]


def test_it_tells_that_a_tenant_was_refused(caplog: pytest.LogCaptureFixture) -> None:
    client_as("EXPLOIT", tenant="nobody").get(address_of(WORKERS), REMOTE_ADDR="10.1.2.3")
    assert _lines(caplog) == [("WARNING", "security.call_refused", "ada", "nobody", "10.1.2.3")]


def test_it_tells_that_a_token_was_issued(caplog: pytest.LogCaptureFixture) -> None:
    a_membership(a_user("ada"), a_tenant(name="demo"))
    with caplog.at_level(logging.INFO):
        token = ask_for_token("ada").json()["access_token"]
    assert _lines(caplog) == [("INFO", "security.token_issued", "ada", "demo", "10.1.2.3")]
    assert token not in caplog.text


def test_it_tells_that_a_password_was_wrong(caplog: pytest.LogCaptureFixture) -> None:
    a_user("ada")
    ask_for_token("ada", "my wrong password")
    assert _lines(caplog) == [("WARNING", "security.sign_in_refused", "ada", "demo", "10.1.2.3")]
    assert "my wrong password" not in str([vars(record) for record in caplog.records])


def test_it_writes_down_no_login_that_nobody_has(caplog: pytest.LogCaptureFixture) -> None:
    ask_for_token("my password in the wrong field", "x")
    assert _lines(caplog) == [("WARNING", "security.sign_in_refused", None, "demo", "10.1.2.3")]


def test_it_tells_that_somebody_guesses(caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(4):
        ask_for_token("ada", "wrong")
    assert _lines(caplog)[-1] == ("WARNING", "security.sign_in_refused", None, "demo", "10.1.2.3")
    assert caplog.messages[-2:] == [
        "SECURITY: sign-in refused: too many wrong passwords",
        "Too Many Requests: /oauth/token",
    ]


def test_it_says_nothing_of_calls_that_are_served_or_merely_wrong(caplog: pytest.LogCaptureFixture) -> None:
    a_tenant(name="demo")
    client = client_as("ADMIN", tenant="demo")
    assert client.get(address_of(WORKERS)).status_code == 200
    assert client.get(address_of("/requests/absent")).status_code == 404
    assert _lines(caplog) == []
