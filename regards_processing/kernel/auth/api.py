"""``GET /security/resources``: the endpoints of a service and the roles that they need."""

from typing import Any

from django.urls import URLPattern
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from regards_processing.kernel.auth.roles import Role
from regards_processing.kernel.rest.endpoint import Endpoint
from regards_processing.kernel.rest.entities import entity
from regards_processing.kernel.rest.resources import Resource, resources
from regards_processing.kernel.rest.routes import route
from regards_processing.kernel.rest.services import Service
from regards_processing.kernel.rest.shapes import list_of


class ResourceSerializer(serializers.Serializer[Any]):
    """One endpoint and verb."""

    id = serializers.CharField(help_text="`<service>@<path>@<VERB>`: how the user interface names it")
    microservice = serializers.CharField()
    resource = serializers.CharField(help_text="Template of the path")
    controllerSimpleName = serializers.CharField(help_text="Class that serves it")  # noqa: N815 (the contract's name)
    verb = serializers.CharField()
    defaultRole = serializers.ChoiceField(list(Role))  # noqa: N815 (likewise)
    description = serializers.CharField(allow_blank=True)


class SecurityResources(Endpoint):
    """What may be called, and by whom if a tenant did not change it."""

    roles = {"GET": Role.PROJECT_ADMIN}
    needs_tenant = False

    @extend_schema(
        summary="Endpoints with their default roles",
        tags=["security"],
        responses={200: list_of(ResourceSerializer)},
    )
    def get(self, request: Request) -> Response:  # noqa: ARG002 (the framework's signature)
        """Return every endpoint of this service."""
        own = [found for found in resources().values() if found.service == self.service.name]
        return Response([entity(_shown(found, verb)) for found in own for verb in sorted(found.roles)])


def routes(service: Service) -> list[URLPattern]:
    """Return the routes of this area."""
    return [route("security/resources", SecurityResources, name="security-resources", service=service)]


def _shown(resource: Resource, verb: str) -> dict[str, Any]:
    return {
        "id": f"{resource.service}@{resource.path}@{verb}",
        "microservice": resource.service,
        "resource": resource.path,
        "controllerSimpleName": resource.view.__name__,
        "verb": verb,
        "defaultRole": resource.roles[verb],
        "description": resource.described(verb),
    }
