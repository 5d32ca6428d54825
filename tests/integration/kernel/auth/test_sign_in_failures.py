"""Guessing passwords soon leads nowhere."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from pytest_django import Settings

from regards_processing.kernel.auth.models import FailedSignIn
from regards_processing.kernel.auth.services.guessing import TooManyFailures
from regards_processing.kernel.auth.services.sign_in import SignInRefused, sign_in
from regards_processing.kernel.tenancy.models import Tenant
from tests.factories.access import PASSWORD, a_membership, a_user
from tests.factories.sign_in import ask_for_token
from tests.factories.worker_manager import AT, a_tenant, later

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("application")]


@pytest.fixture
def ada() -> User:
    user = a_user("ada")
    a_membership(user, a_tenant(name="demo"))
    return user


def _fail(username: str = "ada", *, address: str = "10.1.2.3", seconds: float = 0) -> None:
    with pytest.raises(SignInRefused):
        sign_in(username=username, password="wrong", tenant="demo", address=address, at=later(seconds))


def _wait(*, seconds: float) -> int:
    """Return how long one is told to wait."""
    with pytest.raises(TooManyFailures) as refused:
        sign_in(username="ada", password=PASSWORD, tenant="demo", address="10.1.2.3", at=later(seconds))
    return refused.value.seconds


def test_it_refuses_the_right_password_after_too_many_wrong_ones(ada: User) -> None:
    statuses = [ask_for_token(ada.username, "wrong").status_code for _ in range(3)]
    refused = ask_for_token(ada.username, PASSWORD)
    assert (statuses, refused.status_code) == ([401, 401, 401], 429)
    assert 290 <= int(refused.headers["Retry-After"]) <= 300


@pytest.mark.parametrize("spelling", [" ada", "ada ", "ADA", "Ada", "\u0430da"])
def test_it_counts_every_spelling_of_a_login(ada: User, spelling: str) -> None:
    # None of them is another name of the same user, so none gives three more attempts at her password.
    statuses = [ask_for_token(spelling, PASSWORD).status_code for _ in range(4)]
    assert (statuses, ada.username) == ([401, 401, 401, 429], "ada")


def test_it_counts_a_login_of_digits_that_is_sent_as_a_number() -> None:
    statuses = [ask_for_token(username, "wrong").status_code for username in (7, "7", 7, "7")]
    assert statuses == [401, 401, 401, 429]


def test_it_says_the_same_to_those_who_guess_users() -> None:
    statuses = [ask_for_token("nobody", "wrong").status_code for _ in range(4)]
    assert statuses == [401, 401, 401, 429]


def test_it_lets_others_sign_in_meanwhile(ada: User) -> None:
    a_membership(a_user("bob"), Tenant.objects.get(name="demo"))
    for _ in range(3):
        ask_for_token(ada.username, "wrong")
    assert ask_for_token("bob").status_code == 200
    assert ask_for_token(ada.username, peer="10.9.9.9").status_code == 200


def test_it_looks_at_attempts_again_when_the_oldest_is_forgotten(ada: User) -> None:
    for seconds in (0, 10, 20):
        _fail(ada.username, seconds=seconds)
    assert (_wait(seconds=20), _wait(seconds=299.5)) == (280, 1)
    _fail(ada.username, seconds=300)
    assert _wait(seconds=300) == 10


def test_it_forgets_failures_after_a_success(ada: User) -> None:
    for _ in range(2):
        ask_for_token(ada.username, "wrong")
    assert ask_for_token(ada.username).status_code == 200
    assert not FailedSignIn.objects.exists()


def test_it_keeps_no_failure_longer_than_it_counts(ada: User, settings: Settings) -> None:
    _fail(ada.username)
    _fail("somebody", seconds=settings.SIGN_IN_WINDOW)
    assert [failure.at for failure in FailedSignIn.objects.all()] == [AT + timedelta(seconds=300)]


def test_it_stores_no_login_that_somebody_mistyped(ada: User) -> None:
    _fail("my-password-in-the-wrong-field")
    stored = FailedSignIn.objects.get()
    assert ("password" in str(vars(stored)), ada.username in str(vars(stored))) == (False, False)
