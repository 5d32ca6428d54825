"""Calls to the token endpoint."""

import base64
from typing import Any, Final

from django.conf import settings
from rest_framework.test import APIClient

from tests.factories.access import PASSWORD

TOKEN_ADDRESS: Final = "/oauth/token"


def basic(*, application: str | None = None, secret: str | None = None) -> str:
    """Return the header of an application; by default of the one that the settings name."""
    name = settings.OAUTH_CLIENT_ID if application is None else application
    known = settings.OAUTH_CLIENT_SECRET if secret is None else secret
    return "Basic " + base64.b64encode(f"{name}:{known}".encode()).decode()


def ask_for_token(
    username: Any = "ada",
    password: str = PASSWORD,
    *,
    tenant: str = "demo",
    address: str = TOKEN_ADDRESS,
    authorization: str | None = None,
    peer: str = "10.1.2.3",
    **changed: Any,
) -> Any:
    """Ask for a token and return the answer; a field of the body that is given as ``...`` is left out."""
    fields = {"username": username, "password": password, "grant_type": "password"} | changed
    return APIClient().post(
        f"{address}?scope={tenant}",
        {name: value for name, value in fields.items() if value is not ...},
        format="json",
        headers={"Authorization": basic() if authorization is None else authorization},
        REMOTE_ADDR=peer,
    )
