"""Both services with endpoints that do what a test wants; a ``ROOT_URLCONF``."""

from collections.abc import Callable
from typing import Any, ClassVar, Final

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path
from rest_framework import exceptions, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from regards_processing.kernel import correlation
from regards_processing.kernel.auth.roles import Role
from regards_processing.kernel.errors import DomainError
from regards_processing.kernel.rest.endpoint import Endpoint
from regards_processing.kernel.rest.routes import mount, route
from regards_processing.kernel.rest.services import SERVICES, Service
from regards_processing.urls import handler400, handler403, handler404, handler500

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]


class NotNow(DomainError):
    """This cannot be done now."""

    code = "NOT_NOW"
    http_status = 409


class NotYou(DomainError):
    """You prove nothing."""

    code = "NOT_YOU"
    http_status = 401


def _break_a_constraint() -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO regards_tenant_setting (tenant_id, name, value) VALUES (NULL, 'a', '1')")


def _raise(error: type[Exception], *arguments: Any, **facts: Any) -> Callable[[], None]:
    def act() -> None:
        raise error(*arguments, **facts)

    return act


#: What an endpoint does, by its name in the path.
ACTIONS: Final[dict[str, Callable[[], None]]] = {
    "nothing": lambda: None,
    "domain": _raise(NotNow),
    "domain-401": _raise(NotYou),
    "not-found": _raise(Http404),
    "not-found-told": _raise(Http404, "There is no such thing"),
    "permission": _raise(PermissionDenied),
    "authentication": _raise(exceptions.AuthenticationFailed, "ExpiredJwtException"),
    "throttled": _raise(exceptions.Throttled, wait=7),
    "too-big": _raise(RequestDataTooBig, "Too big"),
    "suspicious": _raise(SuspiciousOperation, "Suspicious"),
    "integrity": _break_a_constraint,
    "unforeseen": _raise(ZeroDivisionError, "division by zero"),
}


class ShapeSerializer(serializers.Serializer[Any]):
    """A body."""

    size = serializers.IntegerField(max_value=9)


class Act(Endpoint):
    """Does what its path says."""

    roles = {"GET": Role.EXPLOIT, "POST": Role.EXPLOIT}

    def get(self, _call: Request, action: str) -> Response:
        """Act."""
        ACTIONS[action]()
        return Response({"done": True, "nothing": None})

    def post(self, _call: Request, action: str) -> Response:
        """Act on a body."""
        body = self.body(ShapeSerializer)
        ACTIONS[action]()
        return Response({"size": body["size"], "correlation": correlation.current()})


class Undeclared(Endpoint):
    """Has a verb that no role is stated for."""

    roles: ClassVar[dict[str, Role]] = {"GET": Role.PUBLIC}

    def get(self, _call: Request) -> Response:
        """Answer nothing."""
        return Response()

    def put(self, _call: Request) -> Response:
        """Answer nothing."""
        return Response()


def broken_page(_request: HttpRequest) -> HttpResponse:
    """Fail outside the endpoints."""
    raise LookupError("lost")


def refused_page(_request: HttpRequest) -> HttpResponse:
    """Refuse outside the endpoints."""
    raise PermissionDenied


def suspicious_page(_request: HttpRequest) -> HttpResponse:
    """Take offence outside the endpoints."""
    raise SuspiciousOperation("Suspicious")


def _service(service: Service) -> list[Any]:
    return [
        route("act/<str:action>", Act, name="act", service=service),
        route("kept/<key:action>", Act, name="kept", service=service),
        route("undeclared", Undeclared, name="undeclared", service=service),
    ]


_PAGES: Final = {"broken": broken_page, "refused": refused_page, "suspicious": suspicious_page}
urlpatterns = [
    *(mount(service, routes=_service(service)) for service in SERVICES),
    *(path(f"{prefix}{name}", page) for name, page in _PAGES.items() for prefix in ("api/v1/", "")),
]
