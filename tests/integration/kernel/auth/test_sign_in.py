"""Users of the platform get tokens for their password."""

from datetime import timedelta
from typing import Any

import jwt
import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from pytest_django import Settings
from rest_framework.test import APIClient

from regards_processing.kernel.audit.models import AuditEntry
from regards_processing.kernel.auth import tokens
from regards_processing.kernel.auth.identity import Caller
from regards_processing.kernel.auth.keys import KeySet
from regards_processing.kernel.auth.models import FailedSignIn
from regards_processing.kernel.tenancy.models import Tenant
from tests.factories.access import PASSWORD, WORKERS, a_custom_role, a_membership, a_user, address_of
from tests.factories.sign_in import TOKEN_ADDRESS, ask_for_token, basic
from tests.factories.worker_manager import a_tenant

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("application")]


@pytest.fixture
def tenant() -> Tenant:
    return a_tenant(name="demo")


@pytest.fixture
def ada(tenant: Tenant) -> User:
    user = a_user("ada")
    a_membership(user, tenant, role="EXPLOIT")
    return user


def _proven(answer: Any, settings: Settings) -> Caller:
    return tokens.verify(token=answer.json()["access_token"], keys=settings.JWT_KEYS, leeway=timedelta(0))


@pytest.mark.parametrize("address", [TOKEN_ADDRESS, "/api/v1/rs-authentication/oauth/token"])
def test_it_answers_as_the_contract_says(ada: User, settings: Settings, address: str) -> None:
    answer = ask_for_token(address=address)
    content = answer.json()
    assert (answer.status_code, content.pop("access_token").count(".")) == (200, 2)
    assert content == {
        "token_type": "bearer",
        "expires_in": settings.ACCESS_TOKEN_VALIDITY,
        "scope": "demo",
        "tenant": "demo",
        "sub": ada.username,
        "email": "ada@example.org",
        "role": "EXPLOIT",
        "service_provider_name": "regards",
    }
    assert answer.headers["Cache-Control"] == "no-store"


def test_it_gives_a_token_that_opens_the_interface(ada: User) -> None:
    token = ask_for_token(ada.username).json()["access_token"]
    answer = APIClient().get(address_of(WORKERS), headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200


def test_it_gives_a_token_for_the_validity_that_is_set(ada: User, settings: Settings) -> None:
    settings.ACCESS_TOKEN_VALIDITY = 60
    content = ask_for_token(ada.username).json()
    claims = jwt.decode(content["access_token"], options={"verify_signature": False})
    assert (content["expires_in"], claims["exp"] - claims["iat"]) == (60, 60)


def test_it_names_a_user_without_e_mail_by_the_login(tenant: Tenant, settings: Settings) -> None:
    a_membership(a_user("bob", email=""), tenant)
    assert _proven(ask_for_token("bob"), settings).email == "bob"


def test_it_knows_roles_of_the_tenant(tenant: Tenant, settings: Settings) -> None:
    a_custom_role(tenant, name="SCIENTIST")
    a_membership(a_user("bob"), tenant, role="SCIENTIST")
    assert _proven(ask_for_token("bob"), settings).role == "SCIENTIST"


@pytest.mark.parametrize("scope", ["demo", "instance"])
def test_it_makes_superusers_administrators_of_the_instance(
    tenant: Tenant, settings: Settings, scope: str
) -> None:
    a_user("root", superuser=True)
    proven = _proven(ask_for_token("root", tenant=scope), settings)
    assert (proven.role, proven.tenant, tenant.name) == ("INSTANCE_ADMIN", scope, "demo")


def test_it_prefers_the_role_that_a_superuser_was_given(tenant: Tenant, settings: Settings) -> None:
    a_membership(a_user("root", superuser=True), tenant, role="EXPLOIT")
    assert _proven(ask_for_token("root"), settings).role == "EXPLOIT"


@pytest.mark.parametrize("scope", ["other", "instance"])
def test_it_refuses_a_user_who_has_no_role_there(ada: User, scope: str) -> None:
    a_tenant(name="other")
    assert ask_for_token(ada.username, tenant=scope).status_code == 403


@pytest.mark.parametrize("scope", ["nobody", "asleep"])
def test_it_refuses_a_tenant_that_is_not_active(ada: User, scope: str) -> None:
    a_tenant(name="asleep", active=False)
    assert ask_for_token(ada.username, tenant=scope).status_code == 401


def test_it_says_the_same_of_a_wrong_password_and_of_an_unknown_user(ada: User) -> None:
    a_user("gone", active=False)
    answers = [
        ask_for_token(ada.username, "wrong"),
        ask_for_token("nobody", "wrong"),
        ask_for_token("gone", PASSWORD),
        ask_for_token(ada.username, f"{PASSWORD} "),
        ask_for_token("ADA", PASSWORD),
    ]
    told = {(answer.status_code, answer.content) for answer in answers}
    assert told == {(401, b'{"messages":["Unknown user or wrong password."]}')}


def test_it_says_the_same_of_a_wrong_password_in_every_tenant(ada: User) -> None:
    scopes = ("demo", "nobody", "instance")
    answers = [ask_for_token(ada.username, "wrong", tenant=scope, peer=scope) for scope in scopes]
    assert {(answer.status_code, answer.content) for answer in answers} == {
        (401, b'{"messages":["Unknown user or wrong password."]}')
    }


@pytest.mark.parametrize(
    "authorization",
    ["", "Basic", "Basic !", "Basic YTpi", "Bearer x", basic(application="portal", secret="wrong")],
)
def test_it_refuses_an_application_that_it_does_not_know(ada: User, authorization: str) -> None:
    answer = ask_for_token(ada.username, authorization=authorization)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Basic realm="token"'
    assert not FailedSignIn.objects.exists()


def test_it_refuses_the_secret_of_the_application_under_another_name(ada: User) -> None:
    answer = ask_for_token(ada.username, authorization=basic(application="other"))
    assert answer.status_code == 401


def test_it_exchanges_no_passwords_where_no_application_is_configured(
    ada: User, application: Settings
) -> None:
    application.OAUTH_CLIENT_SECRET = ""
    answer = ask_for_token(ada.username)
    assert (answer.status_code, "OAUTH_CLIENT_SECRET" in answer.json()["messages"][0]) == (501, True)


def test_it_exchanges_no_passwords_where_no_key_signs(ada: User, settings: Settings) -> None:
    settings.JWT_KEYS = KeySet(keys=settings.JWT_KEYS.keys, signing=None)
    assert ask_for_token(ada.username).status_code == 501


@pytest.mark.parametrize("field", ["username", "password", "grant_type"])
@pytest.mark.parametrize("value", [..., None, "", ["x"], {}, "x" * 5000])
def test_it_refuses_a_body_that_is_no_sign_in(ada: User, field: str, value: Any) -> None:
    given = {"username": ada.username, "password": PASSWORD, field: value}
    answer = ask_for_token(**given)
    assert (answer.status_code, field in answer.json()["messages"][0]) == (422, True)


@pytest.mark.parametrize(
    ("body", "status"), [("{", 400), ("", 422), ("[]", 422), ('"x"', 422), ("null", 422)]
)
def test_it_refuses_a_body_that_is_no_object(body: str, status: int) -> None:
    answer = APIClient().post(
        f"{TOKEN_ADDRESS}?scope=demo",
        body,
        content_type="application/json",
        headers={"Authorization": basic()},
    )
    assert answer.status_code == status


@pytest.mark.parametrize("scope", ["", "x" * 300, "%00"])
def test_it_wants_to_know_the_tenant(ada: User, scope: str) -> None:
    answer = ask_for_token(ada.username, tenant=scope)
    assert (answer.status_code, "scope" in answer.json()["messages"][0]) == (400, True)


def test_it_serves_no_other_verb() -> None:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=basic())
    assert client.get(TOKEN_ADDRESS).status_code == 405


def test_it_records_the_token_that_it_issued(ada: User, settings: Settings) -> None:
    assert ask_for_token(ada.username).status_code == 200
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.target, entry.actor, entry.origin, entry.tenant) == (
        "token.issued",
        "ada",
        "ada",
        "REST",
        "demo",
    )
    assert (entry.details["role"], entry.details["address"]) == ("EXPLOIT", "10.1.2.3")
    assert str(settings.OAUTH_CLIENT_SECRET) not in str(entry.details)


def test_it_describes_itself() -> None:
    description = APIClient().get(reverse("rs-authentication:api-docs")).json()
    operation = description["paths"]["/api/v1/rs-authentication/oauth/token"]["post"]
    assert operation["operationId"] == "issueToken"
    assert set(operation["responses"]) >= {"200", "400", "401", "403", "422", "429", "501"}
    assert operation["security"] == [{"application": []}]
