"""Who guesses passwords at the door of the admin soon gets nowhere, and is seen."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from regards_processing.kernel.auth.models import FailedSignIn
from tests.factories.access import PASSWORD, a_membership, a_user
from tests.factories.sign_in import ask_for_token
from tests.factories.worker_manager import a_tenant

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("application")]

_INSIDE = 302


@pytest.fixture
def ada() -> User:
    return a_user("ada", superuser=True)


def _log_in(username: str = "ada", password: str = PASSWORD, *, peer: str = "10.1.2.3") -> Any:
    form = {"username": username, "password": password}
    return Client().post("/admin/login/", form, REMOTE_ADDR=peer)


def _lines(caplog: pytest.LogCaptureFixture) -> list[tuple[Any, ...]]:
    records = [record for record in caplog.records if record.name == "regards_processing.security"]
    return [
        (record.getMessage(), record.login, record.tenant, record.address)  # type: ignore[attr-defined] # extra
        for record in records
    ]


def test_it_refuses_the_right_password_after_too_many_wrong_ones(ada: User) -> None:
    for _ in range(3):
        assert b"Please enter the correct username" in _log_in(ada.username, "wrong").content
    refused = _log_in(ada.username)
    assert (refused.status_code, refused.wsgi_request.user.is_authenticated) == (200, False)
    assert b"Too many wrong passwords" in refused.content
    assert b"Try again in 300 s" in refused.content


def test_it_lets_others_log_in_meanwhile(ada: User) -> None:
    a_user("bob", superuser=True)
    for _ in range(3):
        _log_in(ada.username, "wrong")
    assert _log_in("bob").status_code == _INSIDE
    assert _log_in(ada.username, peer="10.9.9.9").status_code == _INSIDE


def test_it_counts_together_with_the_other_door(ada: User) -> None:
    a_membership(ada, a_tenant(name="demo"))
    for _ in range(2):
        ask_for_token(ada.username, "wrong")
    _log_in(ada.username, "wrong")
    assert b"Too many wrong passwords" in _log_in(ada.username).content
    assert ask_for_token(ada.username).status_code == 429


def test_it_forgets_failures_after_a_success(ada: User) -> None:
    for _ in range(2):
        _log_in(ada.username, "wrong")
    assert _log_in(ada.username).status_code == _INSIDE
    assert not FailedSignIn.objects.exists()


@pytest.mark.parametrize("password", ["", "\0"])
def test_it_forgives_nothing_to_those_who_try_no_password(ada: User, password: str) -> None:
    for _ in range(3):
        _log_in(ada.username, "wrong")
        _log_in(ada.username, password)
    assert b"Too many wrong passwords" in _log_in(ada.username).content


def test_it_counts_the_password_of_somebody_who_is_no_staff() -> None:
    a_user("guest")
    for _ in range(3):
        assert b"Please enter the correct username" in _log_in("guest").content
    assert b"Too many wrong passwords" in _log_in("guest").content


def test_it_tells_of_every_refusal_in_the_log(ada: User, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(4):
        _log_in(ada.username, "my wrong password")
    _log_in("my password in the wrong field", "x")
    wrong = "SECURITY: sign-in refused: unknown user, wrong password, or nobody of the staff"
    guessed = "SECURITY: sign-in refused: too many wrong passwords"
    assert _lines(caplog) == [
        *[(wrong, "ada", None, "10.1.2.3")] * 3,
        (guessed, "ada", None, "10.1.2.3"),
        (wrong, None, None, "10.1.2.3"),
    ]
    assert "my wrong password" not in str([vars(record) for record in caplog.records])


def test_it_says_nothing_of_those_who_may_come_in(ada: User, caplog: pytest.LogCaptureFixture) -> None:
    assert _log_in(ada.username).status_code == _INSIDE
    assert _lines(caplog) == []
