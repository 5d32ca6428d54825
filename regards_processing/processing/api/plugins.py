"""Plugins: what there is, and what each says of itself."""

from typing import Any

from django.urls import URLPattern
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request as Call
from rest_framework.response import Response

from regards_processing.kernel.auth.roles import Role
from regards_processing.kernel.rest.endpoint import Endpoint
from regards_processing.kernel.rest.entities import entity
from regards_processing.kernel.rest.fields import EnumField
from regards_processing.kernel.rest.routes import route
from regards_processing.kernel.rest.services import Service
from regards_processing.kernel.rest.shapes import entity_of, list_of
from regards_processing.processing.api.refusals import UNFIT
from regards_processing.processing.services import plugin_catalogue
from workers.processes.metadata import PluginMetadata
from workers.processes.parameters import ParameterType


class ParameterDescriptionSerializer(serializers.Serializer[Any]):
    """A parameter, as its plugin declares it."""

    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment] # the contract's name; the metaclass takes it away
    description = serializers.CharField()
    markdown = serializers.CharField(required=False)
    userMarkdown = serializers.CharField(required=False)  # noqa: N815 (the contract's name)
    type = EnumField(ParameterType)
    defaultValue = serializers.CharField(required=False, help_text="As a text")  # noqa: N815 (likewise)
    optional = serializers.BooleanField(help_text="Whether a configuration may leave it out")
    sensitive = serializers.BooleanField(help_text="Shown encrypted only")
    unconfigurable = serializers.BooleanField()


class PluginMetadataSerializer(serializers.Serializer[Any]):
    """What a plugin says of itself."""

    pluginId = serializers.CharField()  # noqa: N815 (the contract's name)
    pluginClassName = serializers.CharField()  # noqa: N815 (likewise)
    interfaceNames = serializers.ListField(child=serializers.CharField())  # noqa: N815 (likewise)
    version = serializers.CharField()
    author = serializers.CharField()
    description = serializers.CharField()
    markdown = serializers.CharField(required=False)
    userMarkdown = serializers.CharField(required=False)  # noqa: N815 (likewise)
    contact = serializers.CharField(required=False)
    owner = serializers.CharField()
    license = serializers.CharField()
    url = serializers.CharField(required=False)
    parameters = ParameterDescriptionSerializer(many=True)


class _PluginEndpoint(Endpoint):
    def entity(self, metadata: PluginMetadata) -> dict[str, Any]:
        """Return a plugin as an entity."""
        key = {"pluginId": metadata.plugin_id}
        links = self.links(("self", "plugin", "GET", key), ("list", "plugins", "GET", {}))
        return entity(metadata.to_json(), links)


class Plugins(_PluginEndpoint):
    """Every plugin there is."""

    roles = {"GET": Role.PUBLIC}

    @extend_schema(
        summary="List plugins",
        parameters=[OpenApiParameter("pluginType", str, description="Only those of this kind")],
        responses={200: list_of(PluginMetadataSerializer), 422: UNFIT},
    )
    def get(self, call: Call) -> Response:
        """Return the plugins."""
        found = plugin_catalogue.metadata_of_all(
            plugin_type=call.query_params.get("pluginType") or None, service=self.service
        )
        return Response([self.entity(metadata) for metadata in found])


class OnePlugin(_PluginEndpoint):
    """One plugin."""

    roles = {"GET": Role.PUBLIC}

    @extend_schema(summary="Read a plugin", responses=entity_of(PluginMetadataSerializer))
    def get(self, _call: Call, pluginId: str) -> Response:  # noqa: N803 (the contract's name)
        """Return what the plugin says of itself."""
        return Response(self.entity(plugin_catalogue.metadata_of(plugin_id=pluginId, service=self.service)))


class PluginTypes(Endpoint):
    """Every kind of plugin there is."""

    roles = {"GET": Role.PROJECT_ADMIN}

    @extend_schema(
        summary="List plugin types",
        parameters=[OpenApiParameter("available", bool, description="Not looked at: all have plugins")],
        responses={
            (200, "application/json"): {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {"content": {"type": "string"}, "links": {"type": "array", "items": {}}},
                    "required": ["content", "links"],
                },
            }
        },
    )
    def get(self, _call: Call) -> Response:
        """Return the names of the kinds."""
        return Response([entity(name) for name in plugin_catalogue.types_of(service=self.service)])


class ProcessPlugins(Endpoint):
    """Every plugin that processes are made of."""

    roles = {"GET": Role.ADMIN}

    @extend_schema(
        summary="List the plugins of processes",
        description="Returns what each says of itself, not wrapped.",
        responses=PluginMetadataSerializer(many=True),
    )
    def get(self, _call: Call) -> Response:
        """Return the plugins."""
        return Response([metadata.to_json() for metadata in plugin_catalogue.metadata_of_all()])


def routes(service: Service) -> list[URLPattern]:
    """Return the routes of plugins."""
    return [
        route("plugins", Plugins, name="plugins", service=service),
        route("plugins/<str:pluginId>", OnePlugin, name="plugin", service=service),
        route("plugintypes", PluginTypes, name="plugin-types", service=service),
    ]


def process_routes(service: Service) -> list[URLPattern]:
    """Return the route of the plugins that processes are made of."""
    return [route("processplugins/metadata", ProcessPlugins, name="process-plugins", service=service)]
