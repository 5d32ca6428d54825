"""The settings of a tenant."""

from typing import Any
from urllib.parse import urlencode

from django.urls import URLPattern
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request as Call
from rest_framework.response import Response

from regards_processing.kernel import clock
from regards_processing.kernel.auth.roles import Role
from regards_processing.kernel.configuration.modules import settings_of
from regards_processing.kernel.dynamic_settings.definitions import Definition, find_definition
from regards_processing.kernel.dynamic_settings.services import (
    Setting,
    change_setting,
    read_settings,
    reset_setting,
)
from regards_processing.kernel.rest.endpoint import Endpoint
from regards_processing.kernel.rest.entities import Link, entity
from regards_processing.kernel.rest.parameters import names
from regards_processing.kernel.rest.routes import route
from regards_processing.kernel.rest.services import Service
from regards_processing.kernel.rest.shapes import entity_of, list_of


class SettingSerializer(serializers.Serializer[Any]):
    """A setting and its value in the tenant."""

    name = serializers.CharField()
    description = serializers.CharField()
    value = serializers.JSONField(help_text="Masked when it is sensitive")
    defaultValue = serializers.JSONField()  # noqa: N815 (the contract's name)


class SettingChangeSerializer(serializers.Serializer[Any]):
    """The new value of a setting; other fields are not looked at."""

    value = serializers.JSONField()


class _SettingEndpoint(Endpoint):
    def definition(self, name: str) -> Definition:
        """Return the definition of a setting of this service.

        Raises:
            UnknownSetting: it has none of this name.
        """
        return find_definition(definitions=settings_of(self.service), name=name)

    def entity(self, setting: Setting) -> dict[str, Any]:
        """Return a setting as an entity; what would be refused or change nothing is not linked."""
        definition = setting.definition
        content = {
            "name": definition.name,
            "description": definition.description,
            "value": setting.shown_value,
            "defaultValue": definition.default,
        }
        key = {"name": definition.name}
        links = self._self_link(definition)
        if definition.modifiable:
            links += self.links(("update", "setting", "PUT", key))
        if definition.modifiable and setting.changed:
            links += self.links(("reset", "setting", "DELETE", key))
        return entity(content, links)

    def _self_link(self, definition: Definition) -> list[Link]:
        found = self.links(("self", "settings", "GET", {}))
        return [
            {"rel": link["rel"], "href": f"{link['href']}?{urlencode({'names': definition.name})}"}
            for link in found
        ]


class Settings(_SettingEndpoint):
    """All settings of the tenant."""

    roles = {"GET": Role.ADMIN}

    @extend_schema(
        summary="List settings",
        parameters=[
            OpenApiParameter(
                "names",
                {"type": "array", "items": {"type": "string"}},
                description="Only settings of these names",
            )
        ],
        responses=list_of(SettingSerializer),
    )
    def get(self, call: Call) -> Response:
        """Return the settings; names that no setting has are not looked at."""
        found = read_settings(
            tenant=self.tenant,
            definitions=settings_of(self.service),
            names=names(call.query_params, "names") or None,
        )
        return Response([self.entity(setting) for setting in found])


class OneSetting(_SettingEndpoint):
    """One setting of the tenant."""

    roles = {"PUT": Role.ADMIN, "DELETE": Role.ADMIN}

    @extend_schema(
        summary="Change a setting",
        description="Holds at once. The mask of a sensitive value, sent back, leaves the value as it is.",
        request=SettingChangeSerializer,
        responses=entity_of(SettingSerializer),
    )
    def put(self, _call: Call, name: str) -> Response:
        """Give it a value."""
        setting = change_setting(
            tenant=self.tenant,
            definition=self.definition(name),
            value=self.body(SettingChangeSerializer)["value"],
            actor=self.actor,
            at=clock.now(),
        )
        return Response(self.entity(setting))

    @extend_schema(
        summary="Reset a setting",
        description="Gives it its default value; nothing is removed.",
        responses={200: entity_of(SettingSerializer)},
    )
    def delete(self, _call: Call, name: str) -> Response:
        """Give it its default again."""
        setting = reset_setting(
            tenant=self.tenant, definition=self.definition(name), actor=self.actor, at=clock.now()
        )
        return Response(self.entity(setting))


def routes(service: Service) -> list[URLPattern]:
    """Return the routes of a service."""
    return [
        route("settings", Settings, name="settings", service=service),
        route("settings/<str:name>", OneSetting, name="setting", service=service),
    ]
