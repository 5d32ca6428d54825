"""How callers prove who they are."""

from datetime import timedelta
from typing import Final

from django.conf import settings
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from regards_processing.kernel.auth import tokens
from regards_processing.kernel.auth.identity import MAX_TEXT, Caller, is_plain_text
from regards_processing.kernel.auth.roles import Role

_SCHEME: Final = "bearer"


class BearerAuthentication(BaseAuthentication):
    """``Authorization: Bearer <JWT>``; `TokenParameterMiddleware` makes that of ``?token=``."""

    def authenticate(self, request: Request) -> tuple[Caller, None] | None:
        """Return the caller that a verified token names; none when there is no bearer token.

        Raises:
            AuthenticationFailed: there is a token, and it proves nothing.
        """
        scheme, _, token = request.headers.get("Authorization", "").strip().partition(" ")
        if scheme.lower() != _SCHEME:
            return None
        try:
            caller = tokens.verify(
                token=token.strip(), keys=settings.JWT_KEYS, leeway=timedelta(seconds=settings.JWT_LEEWAY)
            )
        except tokens.TokenRefused as error:
            raise AuthenticationFailed(str(error), code=error.code) from error
        return caller, None

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002
        """Name the scheme, so that a refusal is 401."""
        return "Bearer"


class PublicAuthentication(BaseAuthentication):
    """No bearer, but a tenant in header or query parameter ``scope``: a public user of that tenant."""

    def authenticate(self, request: Request) -> tuple[Caller, None] | None:
        """Return a public user of the tenant that ``scope`` names.

        Raises:
            AuthenticationFailed: it cannot be the name of a tenant.
        """
        scope = request.headers.get("scope") or request.query_params.get("scope")
        if not scope:
            return None
        if not is_plain_text(scope):
            raise AuthenticationFailed(f"scope must be a name of 1 to {MAX_TEXT} printable characters")
        caller = Caller(tenant=scope, login="public", email="public@regards.com", role=Role.PUBLIC)
        return caller, None
