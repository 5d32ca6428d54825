"""What the doctor asks about secrets and doors."""

from collections.abc import Iterator
from datetime import datetime
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings

from regards_processing.kernel.doctor.checks import Check
from regards_processing.kernel.doctor.findings import Finding, failed, ok, warning

#: As Django's own check for deployments has it.
_SECRET_LENGTH: Final = 50
_DIFFERENT_CHARACTERS: Final = 5
_HOW_TO: Final = "python -c 'import secrets; print(secrets.token_urlsafe(48))' prints a good one."
_WELL_KNOWN: Final = frozenset({("guest", "guest")})


def secrets(_at: datetime) -> Iterator[Finding]:
    """See whether secrets can be guessed; those of tokens are refused at the start when they can."""
    yield from _secret_key(settings.SECRET_KEY)
    parts = urlsplit(settings.BROKER_URL)
    account = (parts.username or "guest", parts.password or "guest")
    if settings.BROKER_URL and account in _WELL_KNOWN and not _is_loopback(parts.hostname or ""):
        yield failed(
            f"The broker at {parts.hostname} is used with the account that every RabbitMQ has, guest",
            advice="rabbitmqctl add_user … and set_permissions, then name that account in BROKER_URL.",
        )


def _secret_key(value: str) -> Iterator[Finding]:
    trouble = None
    if value.startswith("django-insecure-"):
        trouble = "SECRET_KEY is one that Django generated for development"
    elif len(value) < _SECRET_LENGTH:
        trouble = f"SECRET_KEY has {len(value)} characters, at least {_SECRET_LENGTH} are needed"
    elif len(set(value)) < _DIFFERENT_CHARACTERS:
        trouble = f"SECRET_KEY has fewer than {_DIFFERENT_CHARACTERS} different characters"
    if trouble is None:
        yield ok("SECRET_KEY cannot be guessed")
        return
    tell = warning if settings.EMBEDDED else failed
    yield tell(trouble, advice=f"{_HOW_TO} Everybody has to log in again.")


def doors(_at: datetime) -> Iterator[Finding]:
    """See whether the web server is open to more than it should be."""
    found = list(_doors())
    yield from found or [ok("DEBUG is off, and ALLOWED_HOSTS names hosts")]


def _doors() -> Iterator[Finding]:
    if settings.DEBUG:
        tell = warning if settings.EMBEDDED else failed
        yield tell("DEBUG is on: error pages show settings and data to everybody", advice="Unset DEBUG.")
    if "*" in settings.ALLOWED_HOSTS:
        yield warning(
            "ALLOWED_HOSTS is *: links in answers can be made to lead anywhere",
            advice="Name the hosts that people and services call, separated by commas.",
        )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


CHECKS: Final = (
    Check(name="secrets", question="Are secrets secret?", look=secrets),
    Check(name="doors", question="Is the web server closed enough?", look=doors),
)
