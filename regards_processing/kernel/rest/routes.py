"""How a service lays out its endpoints."""

from collections.abc import Iterable

from django.urls import URLPattern, URLResolver, include, path

from regards_processing.kernel.rest import converters, documentation
from regards_processing.kernel.rest.endpoint import Endpoint
from regards_processing.kernel.rest.resources import PREFIX
from regards_processing.kernel.rest.services import Service

converters.register()


def route(template: str, view: type[Endpoint], *, name: str, service: Service) -> URLPattern:
    """Return the route of an endpoint; the names of its variables are part of the contract."""
    return path(template, view.as_view(service=service, route_name=name), name=name)


def mount(service: Service, *, routes: Iterable[URLPattern]) -> URLResolver:
    """Return the routes of a service, its description included, under its public path."""
    endpoints = list(routes)
    described = path(f"{PREFIX}{service.name}/", include(endpoints))
    whole = [*endpoints, *documentation.routes(service, endpoints=described)]
    return path(f"{PREFIX}{service.name}/", include((whole, service.name), namespace=service.name))
