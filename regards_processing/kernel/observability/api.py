"""The health and the name of a service, under its public path: open to everybody, as in the reference."""

from typing import Any

from django.urls import URLPattern
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from regards_processing.kernel import clock
from regards_processing.kernel.auth.roles import Role
from regards_processing.kernel.observability.health import health
from regards_processing.kernel.rest.endpoint import Endpoint
from regards_processing.kernel.rest.routes import route
from regards_processing.kernel.rest.services import Service
from workers.observability.answers import info


class ComponentSerializer(serializers.Serializer[Any]):
    """The health of one part."""

    status = serializers.ChoiceField(choices=("UP", "DOWN", "OUT_OF_SERVICE"))
    details = serializers.DictField(help_text="Why, and how long it took to find out")


class HealthSerializer(serializers.Serializer[Any]):
    """The health of the platform."""

    status = serializers.ChoiceField(
        choices=("UP", "DOWN", "OUT_OF_SERVICE"),
        help_text="`OUT_OF_SERVICE` while a tenant is in maintenance",
    )
    components = serializers.DictField(child=ComponentSerializer())


class AppSerializer(serializers.Serializer[Any]):
    """A service."""

    name = serializers.CharField()
    version = serializers.CharField()


class InfoSerializer(serializers.Serializer[Any]):
    """What is running."""

    app = AppSerializer()


class Open(Endpoint):
    """An endpoint that asks nobody who he is: whoever watches the platform has no account."""

    authentication_classes = ()  # type: ignore[assignment] # the base class has two
    roles = {"GET": Role.PUBLIC}
    needs_tenant = False

    def check_permissions(self, request: Request) -> None:
        """Admit everybody."""


class ActuatorHealth(Open):
    """Health."""

    @extend_schema(
        summary="Ask for the health of the service, part by part",
        auth=[],
        responses={200: HealthSerializer, 503: HealthSerializer},
    )
    def get(self, _call: Request) -> Response:
        """Check database, broker and so on."""
        found = health(at=clock.now())
        return Response(found.to_json(), status=200 if found.status == "UP" else 503)


class ActuatorInfo(Open):
    """What is running."""

    @extend_schema(
        summary="Ask for the name and the version of the service", auth=[], responses=InfoSerializer
    )
    def get(self, _call: Request) -> Response:
        """Tell both."""
        return Response(info(self.service.name))


def routes(service: Service) -> list[URLPattern]:
    """Return the routes of a service."""
    return [
        route("actuator/health", ActuatorHealth, name="actuator-health", service=service),
        route("actuator/info", ActuatorInfo, name="actuator-info", service=service),
    ]
