"""Endpoints under ``microservice`` that every service has."""

from django.urls import URLPattern

from regards_processing.kernel.configuration.api.configuration import (
    Configuration,
    ConfigurationEnabled,
    ConfigurationSchema,
)
from regards_processing.kernel.configuration.api.readiness import Ready, ReadyEnabled
from regards_processing.kernel.configuration.api.restart import Restart, RestartEnabled
from regards_processing.kernel.rest.routes import route
from regards_processing.kernel.rest.services import Service

_VIEWS = {
    "configuration": Configuration,
    "configuration/enabled": ConfigurationEnabled,
    "configuration/schema": ConfigurationSchema,
    "ready": Ready,
    "ready/enabled": ReadyEnabled,
    "restart": Restart,
    "restart/enabled": RestartEnabled,
}


def routes(service: Service) -> list[URLPattern]:
    """Return the routes of a service."""
    return [
        route(f"microservice/{path}", view, name=path.replace("/", "-"), service=service)
        for path, view in _VIEWS.items()
    ]
