"""Secrets that can be guessed and doors that are open are found."""

from datetime import UTC, datetime

import pytest
from pytest_django import Settings

from regards_processing.kernel.doctor.exposure import doors, secrets
from regards_processing.kernel.doctor.findings import Outcome

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
_GOOD = "Zr4u7x!A%D*G-KaPdSgVkYp3s6v9y$B&E(H+MbQeThWmZq4t7w!z"


@pytest.fixture(autouse=True)
def _good(settings: Settings) -> None:
    settings.EMBEDDED = False
    settings.SECRET_KEY = _GOOD
    settings.BROKER_URL = "amqp://regards:word@broker.example.org/regards.multitenant.manager"
    settings.DEBUG = False
    settings.ALLOWED_HOSTS = ["regards.example.org"]


def test_it_is_content_with_good_ones() -> None:
    assert [finding.outcome for look in (secrets, doors) for finding in look(NOON)] == [Outcome.OK] * 2


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("for-trying-only", "SECRET_KEY has 15 characters, at least 50 are needed"),
        ("ab" * 40, "SECRET_KEY has fewer than 5 different characters"),
        ("django-insecure-" + _GOOD, "SECRET_KEY is one that Django generated for development"),
    ],
)
@pytest.mark.parametrize(("embedded", "outcome"), [(False, Outcome.FAILED), (True, Outcome.WARNING)])
def test_it_finds_a_key_that_can_be_guessed(
    settings: Settings, key: str, words: str, outcome: Outcome, *, embedded: bool
) -> None:
    settings.SECRET_KEY, settings.EMBEDDED = key, embedded
    (finding,) = secrets(NOON)
    assert (finding.outcome, finding.found) == (outcome, words)
    assert "secrets.token_urlsafe" in finding.advice
    assert key not in finding.found


@pytest.mark.parametrize("url", ["amqp://guest:guest@broker.example.org/x", "amqp://10.0.0.7/x"])
def test_it_finds_the_account_that_every_broker_has(settings: Settings, url: str) -> None:
    settings.BROKER_URL = url
    assert [finding.outcome for finding in secrets(NOON)] == [Outcome.OK, Outcome.FAILED]


@pytest.mark.parametrize(
    "url",
    ["", "amqp://guest:guest@127.0.0.1/x", "amqp://localhost/x", "amqp://guest:guest@[::1]/x"],
)
def test_it_lets_a_broker_on_this_machine_have_it(settings: Settings, url: str) -> None:
    settings.BROKER_URL = url
    assert [finding.outcome for finding in secrets(NOON)] == [Outcome.OK]


def test_it_finds_open_doors(settings: Settings) -> None:
    settings.DEBUG, settings.ALLOWED_HOSTS = True, ["*"]
    found = [(finding.outcome, finding.found.partition(" is ")[0]) for finding in doors(NOON)]
    assert found == [(Outcome.FAILED, "DEBUG"), (Outcome.WARNING, "ALLOWED_HOSTS")]
