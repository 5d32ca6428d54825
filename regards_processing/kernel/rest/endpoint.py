"""The base of every endpoint: who calls, for which tenant, and whether that is allowed."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from django.urls import reverse
from rest_framework.exceptions import MethodNotAllowed, NotAuthenticated, NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView

from regards_processing.kernel.audit.models import Origin
from regards_processing.kernel.audit.services import Actor
from regards_processing.kernel.auth import security_log
from regards_processing.kernel.auth.access import Access, RoleRefused
from regards_processing.kernel.auth.authentication import BearerAuthentication, PublicAuthentication
from regards_processing.kernel.auth.identity import Caller
from regards_processing.kernel.auth.roles import Role
from regards_processing.kernel.errors import DomainError
from regards_processing.kernel.observability.log_context import bind
from regards_processing.kernel.rest.entities import Link, paged
from regards_processing.kernel.rest.pages import Page
from regards_processing.kernel.rest.parameters import BadParameter
from regards_processing.kernel.rest.resources import resources
from regards_processing.kernel.rest.services import Service
from regards_processing.kernel.tenancy import admission
from regards_processing.kernel.tenancy.models import Tenant


class BodyMissing(DomainError):
    """A JSON body is required."""

    code = "BODY_MISSING"
    http_status = 400


class Endpoint(APIView):
    """One path of a service: every verb it serves states its default role.

    A verb without a role is refused (default deny). Subclasses find the verified `caller` and the `tenant`
    that the call is about; nothing else may decide on a tenant.
    """

    authentication_classes = (BearerAuthentication, PublicAuthentication)
    # `check_permissions` decides.
    permission_classes = ()
    #: Set by `routes.route`.
    service: Service = None  # type: ignore[assignment] # `as_view` wants the attribute
    route_name: str = ""
    #: Verb → default role.
    roles: ClassVar[Mapping[str, Role]] = {}
    #: Whether the call is about a tenant; those about the platform take instance and system tokens as well.
    needs_tenant: ClassVar[bool] = True
    #: What is said behind the media types of bodies, to callers who send another.
    form_of_body: ClassVar[str] = ""
    #: The tenant that the call is about; only set when `needs_tenant`.
    tenant: Tenant
    #: The tenant of the caller; none for callers who act for no tenant.
    recognised: Tenant | None
    _access: Access

    @property
    def caller(self) -> Caller:
        """Who calls."""
        caller: Caller = self.request.user  # type: ignore[assignment] # our authentication gives callers
        return caller

    @property
    def actor(self) -> Actor:
        """Who acts, for the audit trail."""
        return Actor(name=self.caller.login, origin=Origin.REST)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Prepare a call; what a browser asks beforehand (``OPTIONS``) is answered to everybody."""
        if request.method == "OPTIONS":
            chosen = self.perform_content_negotiation(request, force=True)
            request.accepted_renderer, request.accepted_media_type = chosen
            return
        _refuse_null_characters(request, kwargs)
        with security_log.refusals_logged(request):
            super().initial(request, *args, **kwargs)

    def options(self, request: Request, *_args: Any, **_kwargs: Any) -> Response:  # type: ignore[override] # noqa: ARG002 (the framework's signature)
        """Name the verbs of this path, in the header ``Allow``."""
        return Response()

    def check_permissions(self, request: Request) -> None:
        """Admit the caller: identity, tenant, address, maintenance, then the role of this verb."""
        if not isinstance(request.user, Caller):
            raise NotAuthenticated
        bind(tenant=self.caller.tenant, username=self.caller.login)
        verb = "GET" if request.method == "HEAD" else str(request.method)
        if verb not in self.allowed_methods:
            raise MethodNotAllowed(verb)
        self.recognised = admission.recognise(tenant=self.caller.tenant)
        self._access = Access.of(self.caller)
        self._access.admit_address(security_log.address_of(request))
        if self.needs_tenant:
            self.tenant = admission.admit(tenant=self.recognised, verb=verb)
        if not self.may(self.route_name, verb=verb):
            raise RoleRefused(
                f"Access denied: role {self.caller.role} may not call {verb} {request.path_info}"
            )

    def body(self, shape: Callable[..., BaseSerializer[Any]]) -> Any:
        """Return the body of the call, as a serializer reads it.

        Raises:
            BodyMissing: there is none.
            ParseError: it is no JSON.
            ValidationError: it breaks a rule of the serializer.
        """
        if self.request.stream is None:
            raise BodyMissing
        serializer = shape(data=self.request.data)
        serializer.is_valid(raise_exception=True)
        return serializer.validated_data

    def may(self, route_name: str, *, verb: str) -> bool:
        """Whether this service has an endpoint and the caller may call it."""
        found = resources().get((self.service.name, route_name))
        return found is not None and self._access.allows(found, verb=verb)

    def includes(self, role: str) -> bool:
        """Whether what a role may do, the caller may do as well."""
        return self._access.includes(role)

    def links(self, *wanted: tuple[str, str, str, Mapping[str, Any]]) -> list[Link]:
        """Return those links that the caller may follow; each is rel, route name, verb, path variables."""
        return [
            {"rel": rel, "href": self.href(route_name, variables)}
            for rel, route_name, verb, variables in wanted
            if self.may(route_name, verb=verb)
        ]

    def href(self, route_name: str, variables: Mapping[str, Any]) -> str:
        """Return the address of an endpoint of this service."""
        return self.request.build_absolute_uri(
            reverse(f"{self.service.name}:{route_name}", kwargs=dict(variables))
        )

    def page(self, page: Page[Any], content: Sequence[Mapping[str, Any]]) -> Response:
        """Return the answer for one page of this list; ``content`` are its items, as entities."""
        address = self.request.build_absolute_uri(self.request.path)
        return Response(paged(page, content, address=address, parameters=self.request.query_params))


def _refuse_null_characters(request: Request, variables: Mapping[str, Any]) -> None:
    """Refuse what no database stores, before anything asks one for it."""
    for name, values in request.query_params.lists():
        if any("\0" in value for value in values):
            raise BadParameter(name=name, value=repr(values), expected="a text without NUL characters")
    if any("\0" in str(value) for value in variables.values()):
        raise NotFound
