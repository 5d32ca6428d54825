"""The description of a service, for programs and for people."""

from functools import cache
from typing import Any

from django.urls import URLPattern, URLResolver, path
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularSwaggerView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from regards_processing.kernel.rest.services import Service


class ApiDocs(APIView):
    """The OpenAPI description of a service; everybody may read it."""

    authentication_classes = ()
    permission_classes = ()
    described: Service = None  # type: ignore[assignment] # `as_view` wants the attribute
    endpoints: URLResolver = None  # type: ignore[assignment] # likewise

    @extend_schema(exclude=True)
    def get(self, call: Request) -> Response:  # noqa: ARG002 (the framework's signature)
        """Return the description."""
        return Response(_description(self.described, self.endpoints))


@cache
def _description(service: Service, endpoints: URLResolver) -> dict[str, Any]:
    """Return the OpenAPI description of some endpoints; it never changes while the process lives."""
    generator = SchemaGenerator(patterns=[endpoints])  # type: ignore[no-untyped-call]
    found: dict[str, Any] = generator.get_schema(public=True)  # type: ignore[no-untyped-call]
    found["info"]["title"] = service.name
    return found


def routes(service: Service, *, endpoints: URLResolver) -> list[URLPattern]:
    """Return the routes of the description of a service, which are open to everybody."""
    docs = ApiDocs.as_view(described=service, endpoints=endpoints)
    page = SpectacularSwaggerView.as_view(url_name=f"{service.name}:api-docs", title=service.name)
    return [
        path("v3/api-docs", docs, name="api-docs"),
        path("swagger-ui/", page, name="swagger-ui"),
    ]
