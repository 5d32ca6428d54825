"""Operators issue tokens on the command line."""

from datetime import timedelta
from io import StringIO

import jwt
import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from regards_processing.kernel.audit.actors import command_actor
from regards_processing.kernel.audit.models import AuditEntry
from regards_processing.kernel.auth import tokens
from regards_processing.kernel.auth.identity import Caller
from regards_processing.kernel.auth.keys import secret_key
from tests.factories.access import a_custom_role
from tests.factories.tokens import OTHER_SECRET, SECRET, keys
from tests.factories.worker_manager import a_tenant

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _tenants() -> None:
    a_custom_role(a_tenant(name="demo"), name="SCIENTIST")
    a_tenant(name="asleep", active=False)


def _issue(*more: str, tenant: str = "demo", role: str = "EXPLOIT", user: str = "ada") -> str:
    out = StringIO()
    call_command("issue_token", f"--tenant={tenant}", f"--role={role}", f"--user={user}", *more, stdout=out)
    token, end = out.getvalue()[:-1], out.getvalue()[-1]
    assert end == "\n"
    return token


def _proven(token: str, settings: Settings) -> Caller:
    return tokens.verify(token=token, keys=settings.JWT_KEYS, leeway=timedelta(0))


def test_it_prints_a_token_and_nothing_else(settings: Settings) -> None:
    assert _proven(_issue(), settings) == Caller(tenant="demo", login="ada", email="ada", role="EXPLOIT")


def test_it_says_what_it_is_told(settings: Settings) -> None:
    token = _issue("--email=ada@example.org", "--group=a", "--group=b", "--expires=60")
    proven = _proven(token, settings)
    assert (proven.email, proven.access_groups) == ("ada@example.org", ("a", "b"))
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == 60


@pytest.mark.parametrize(
    ("tenant", "role"),
    [
        ("demo", "SCIENTIST"),
        ("demo", "SYS_rs-order"),
        ("instance", "INSTANCE_ADMIN"),
        ("_NOTENANT_", "SYS_rs-order"),
    ],
)
def test_it_knows_every_kind_of_role_and_tenant(settings: Settings, tenant: str, role: str) -> None:
    proven = _proven(_issue(tenant=tenant, role=role), settings)
    assert (proven.tenant, proven.role) == (tenant, role)


def test_it_signs_with_the_key_of_a_name(settings: Settings) -> None:
    settings.JWT_KEYS = keys(secret_key(secret=SECRET, kid="new"), secret_key(secret=OTHER_SECRET, kid="old"))
    headers = [jwt.get_unverified_header(_issue(*more)) for more in ((), ("--kid=old",))]
    assert [header["kid"] for header in headers] == ["new", "old"]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"tenant": "nobody"}, "There is no active tenant 'nobody'"),
        ({"tenant": "asleep"}, "There is no active tenant 'asleep'"),
        (
            {"role": "BOSS"},
            "There is no role 'BOSS'; there are PUBLIC, .*SCIENTIST and, for services, SYS_<name>",
        ),
        ({"role": "SYS_"}, "There is no role 'SYS_'"),
        ({"tenant": "instance", "role": "SCIENTIST"}, "There is no role 'SCIENTIST'"),
        ({"user": " "}, "The login ' ' is refused"),
    ],
)
def test_it_refuses_what_would_prove_nothing(changed: dict[str, str], said: str) -> None:
    with pytest.raises(CommandError, match=said):
        _issue(**changed)
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("--kid=lost", "no secret key 'lost'"),
        ("--expires=0", "a whole number of seconds"),
        ("--expires=ten", "a whole number of seconds"),
        ("--expires=99999999999", "a whole number of seconds"),
        ("--email=\x00", "The e-mail"),
        ("--group= ", "A group is refused"),
    ],
)
def test_it_refuses_an_option_that_makes_no_sense(option: str, said: str) -> None:
    with pytest.raises(CommandError, match=said):
        _issue(option)


def test_it_records_who_asked() -> None:
    token = _issue("--expires=60")
    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.origin) == (command_actor().name, "COMMAND")
    assert (entry.action, entry.tenant, entry.target) == ("token.issued", "demo", "ada")
    assert (entry.details["role"], token in str(entry.details)) == ("EXPLOIT", False)


def test_it_records_a_token_of_the_platform_as_such() -> None:
    _issue(tenant="instance", role="INSTANCE_ADMIN")
    assert AuditEntry.objects.get().tenant is None
