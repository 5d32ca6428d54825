"""``POST /oauth/token``: tokens for users of this platform, where there is no rs-authentication."""

from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.urls import path
from django.utils.crypto import constant_time_compare
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.authentication import BasicAuthentication
from rest_framework.exceptions import AuthenticationFailed, Throttled
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from regards_processing.kernel import clock
from regards_processing.kernel.auth import security_log
from regards_processing.kernel.auth.identity import is_plain_text
from regards_processing.kernel.auth.services.guessing import TooManyFailures
from regards_processing.kernel.auth.services.sign_in import SignedIn, sign_in
from regards_processing.kernel.errors import DomainError
from regards_processing.kernel.rest.openapi import ErrorsSerializer
from regards_processing.kernel.rest.parameters import BadParameter
from regards_processing.kernel.rest.routes import mount
from regards_processing.kernel.rest.services import Service

#: The service of REGARDS that issues tokens.
_SERVICE: Final = Service(name="rs-authentication", module_id="authentication")
#: Who vouches for the users: this platform itself.
_PROVIDER: Final = "regards"
_ERRORS: Final = (400, 401, 403, 406, 413, 415, 422, 429, 500, 501)


class NoApplication(DomainError):
    """This platform exchanges no passwords for tokens: OAUTH_CLIENT_SECRET is not set."""

    code = "NO_APPLICATION"
    http_status = 501


class ApplicationScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call] # registers itself
    """The application's id and secret, in the description of the interface."""

    target_class = "regards_processing.kernel.auth.token_api.ApplicationAuthentication"
    name = "application"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:  # noqa: ARG002 (the library's signature)
        """Describe HTTP Basic."""
        return {"type": "http", "scheme": "basic"}


@dataclass(frozen=True, slots=True)
class Application:
    """The application by which people sign in."""

    name: str

    @property
    def is_authenticated(self) -> bool:
        """Always (the name is Django's)."""
        return True


class ApplicationAuthentication(BasicAuthentication):
    """HTTP Basic with the id and the secret of the application."""

    www_authenticate_realm = "token"

    def authenticate_credentials(
        self,
        userid: str,
        password: str,
        request: Any = None,  # noqa: ARG002 (the framework's signature)
    ) -> tuple[Application, None]:
        """Return the application.

        Raises:
            AuthenticationFailed: it is another one.
        """
        same_id = constant_time_compare(userid, settings.OAUTH_CLIENT_ID)
        same_secret = constant_time_compare(password, settings.OAUTH_CLIENT_SECRET)
        if not (same_id and same_secret):
            raise AuthenticationFailed("The application is unknown, or its secret is wrong")
        return Application(name=userid), None


class PasswordSerializer(serializers.Serializer[Any]):
    """Somebody's login and password."""

    username = serializers.CharField(max_length=150, trim_whitespace=False)
    password = serializers.CharField(max_length=4096, trim_whitespace=False)
    grant_type = serializers.ChoiceField(["password"])


class TokenSerializer(serializers.Serializer[Any]):
    """A token, and whose it is."""

    access_token = serializers.CharField(help_text="JWT, for `Authorization: Bearer`")
    token_type = serializers.ChoiceField(["bearer"])
    expires_in = serializers.IntegerField(help_text="Seconds")
    scope = serializers.CharField(help_text="Tenant")
    tenant = serializers.CharField()
    sub = serializers.CharField(help_text="Login")
    email = serializers.CharField()
    role = serializers.CharField()
    service_provider_name = serializers.CharField(help_text="Who vouches for the user")


class TokenEndpoint(APIView):
    """Exchanges a password for a token."""

    authentication_classes = (ApplicationAuthentication,)
    permission_classes = (IsAuthenticated,)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Admit the application, and write down when it is refused."""
        if not settings.OAUTH_CLIENT_SECRET:
            raise NoApplication
        with security_log.refusals_logged(request):
            super().initial(request, *args, **kwargs)

    @extend_schema(
        operation_id="issueToken",
        summary="Sign in with a password",
        tags=["authentication"],
        parameters=[OpenApiParameter("scope", str, required=True, description="Tenant, or `instance`")],
        request=PasswordSerializer,
        responses={200: TokenSerializer} | dict.fromkeys(_ERRORS, ErrorsSerializer),
    )
    def post(self, request: Request) -> Response:
        """Return a token for the tenant that ``scope`` names."""
        scope = request.query_params.get("scope", "")
        if not is_plain_text(scope):
            raise BadParameter(name="scope", value=repr(scope), expected="the name of a tenant")
        order = PasswordSerializer(data=request.data)
        order.is_valid(raise_exception=True)
        try:
            signed_in = sign_in(
                username=order.validated_data["username"],
                password=order.validated_data["password"],
                tenant=scope,
                address=security_log.address_of(request),
                at=clock.now(),
            )
        except TooManyFailures as error:
            raise Throttled(wait=error.seconds, detail=str(error)) from error
        # RFC 6749, 5.1: nobody on the way keeps it.
        return Response(_shown(signed_in), headers={"Cache-Control": "no-store", "Pragma": "no-cache"})


def _shown(signed_in: SignedIn) -> dict[str, Any]:
    caller = signed_in.caller
    return {
        "access_token": signed_in.token,
        "token_type": "bearer",
        "expires_in": int(signed_in.valid_for.total_seconds()),
        "scope": caller.tenant,
        "tenant": caller.tenant,
        "sub": caller.login,
        "email": caller.email,
        "role": caller.role,
        "service_provider_name": _PROVIDER,
    }


#: At the root, where a service is asked directly, and where the gateway offers the service.
urlpatterns = [
    path("oauth/token", TokenEndpoint.as_view(), name="token"),
    mount(_SERVICE, routes=[path("oauth/token", TokenEndpoint.as_view(), name="token")]),
]
