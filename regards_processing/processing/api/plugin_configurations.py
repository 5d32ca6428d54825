"""Plugin configurations, whether or not processes are made of them."""

from typing import Any

from django.urls import URLPattern
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request as Call
from rest_framework.response import Response

from regards_processing.kernel import clock
from regards_processing.kernel.auth.roles import Role
from regards_processing.kernel.errors import DomainError
from regards_processing.kernel.rest.endpoint import Endpoint
from regards_processing.kernel.rest.entities import entity
from regards_processing.kernel.rest.routes import route
from regards_processing.kernel.rest.services import Service
from regards_processing.kernel.rest.shapes import entity_of, list_of
from regards_processing.processing import queries
from regards_processing.processing.api.refusals import NOT_FOUND, TAKEN
from regards_processing.processing.plugin_values import PluginValues
from regards_processing.processing.services import plugin_catalogue, plugin_configurations
from regards_processing.processing.shapes import PluginSerializer


class UnknownType(DomainError):
    """There is no such plugin type."""

    code = "UNKNOWN_TYPE"
    http_status = 404


class _ConfigurationEndpoint(Endpoint):
    def entities(self, *found: PluginValues) -> list[dict[str, Any]]:
        """Return configurations as entities; one that a process or another one uses cannot be deleted."""
        pks = [values.pk for values in found if values.pk is not None]
        of_processes = queries.configurations_of_processes(tenant=self.tenant, pks=pks)
        used = plugin_configurations.users(tenant=self.tenant)
        return [
            self._entity(values, used=values.pk in of_processes or values.business_id in used)
            for values in found
        ]

    def _entity(self, values: PluginValues, *, used: bool) -> dict[str, Any]:
        key = {"pluginId": values.plugin_id, "businessId": values.business_id}
        verbs = {"self": "GET", "update": "PUT"} | ({} if used else {"delete": "DELETE"})
        links = self.links(
            *((rel, "plugin-configuration", verb, key) for rel, verb in verbs.items()),
            ("list", "plugin-configurations", "GET", {"pluginId": values.plugin_id}),
        )
        return entity(values.to_json(), links)


class ConfigurationsOfPlugin(_ConfigurationEndpoint):
    """The configurations of one plugin."""

    roles = {"GET": Role.PUBLIC, "POST": Role.PROJECT_ADMIN}

    @extend_schema(
        summary="List the configurations of a plugin",
        description="Those of highest priority come first.",
        responses=list_of(PluginSerializer),
    )
    def get(self, _call: Call, pluginId: str) -> Response:  # noqa: N803 (the contract's name)
        """Return the configurations."""
        found = plugin_catalogue.configurations_of(
            tenant=self.tenant, plugin_id=pluginId, service=self.service
        )
        return Response(self.entities(*found))

    @extend_schema(
        summary="Configure a plugin",
        request=PluginSerializer,
        responses={201: entity_of(PluginSerializer), 409: TAKEN},
    )
    def post(self, _call: Call, pluginId: str) -> Response:  # noqa: N803 (likewise)
        """Store a configuration."""
        made = plugin_catalogue.create_configuration(
            tenant=self.tenant,
            plugin_id=pluginId,
            wanted=self.body(PluginSerializer),
            actor=self.actor,
            at=clock.now(),
            service=self.service,
        )
        return Response(self.entities(made)[0], status=201)


class OneConfigurationOfPlugin(_ConfigurationEndpoint):
    """One configuration of one plugin."""

    roles = {"GET": Role.PUBLIC, "PUT": Role.PROJECT_ADMIN, "DELETE": Role.PROJECT_ADMIN}

    @extend_schema(summary="Read a plugin configuration", responses=entity_of(PluginSerializer))
    def get(self, _call: Call, pluginId: str, businessId: str) -> Response:  # noqa: N803 (likewise)
        """Return the configuration."""
        found = plugin_catalogue.configuration_of(
            tenant=self.tenant, business_id=businessId, plugin_id=pluginId, service=self.service
        )
        return Response(self.entities(found)[0])

    @extend_schema(
        summary="Change a plugin configuration",
        request=PluginSerializer,
        responses=entity_of(PluginSerializer),
    )
    def put(self, _call: Call, pluginId: str, businessId: str) -> Response:  # noqa: N803 (likewise)
        """Change the configuration."""
        changed = plugin_catalogue.update_configuration(
            tenant=self.tenant,
            plugin_id=pluginId,
            business_id=businessId,
            wanted=self.body(PluginSerializer),
            actor=self.actor,
            at=clock.now(),
            service=self.service,
        )
        return Response(self.entities(changed)[0])

    @extend_schema(
        summary="Delete a plugin configuration",
        description="Refused while a process is made of it, or another configuration uses it.",
        responses={204: None},
    )
    def delete(self, _call: Call, pluginId: str, businessId: str) -> Response:  # noqa: N803 (likewise)
        """Delete the configuration."""
        plugin_catalogue.delete_configuration(
            tenant=self.tenant,
            plugin_id=pluginId,
            business_id=businessId,
            actor=self.actor,
            at=clock.now(),
            service=self.service,
        )
        return Response(status=204)


class AllConfigurations(_ConfigurationEndpoint):
    """The configurations of all plugins."""

    roles = {"GET": Role.PUBLIC}

    @extend_schema(
        summary="List plugin configurations",
        parameters=[OpenApiParameter("pluginType", str, description="Only those of plugins of this kind")],
        responses={200: list_of(PluginSerializer), 404: NOT_FOUND},
    )
    def get(self, call: Call) -> Response:
        """Return the configurations, by label."""
        wanted = call.query_params.get("pluginType") or None
        try:
            found = plugin_catalogue.all_configurations(
                tenant=self.tenant, plugin_type=wanted, service=self.service
            )
        except plugin_catalogue.UnknownPluginType as error:
            raise UnknownType(str(error)) from error
        return Response(self.entities(*found))


class OneConfigurationOfAll(_ConfigurationEndpoint):
    """One configuration, of whatever plugin."""

    roles = {"GET": Role.PUBLIC}

    @extend_schema(summary="Read a plugin configuration by its id", responses=entity_of(PluginSerializer))
    def get(self, _call: Call, businessId: str) -> Response:  # noqa: N803 (likewise)
        """Return the configuration."""
        found = plugin_catalogue.configuration_of(
            tenant=self.tenant, business_id=businessId, service=self.service
        )
        return Response(self.entities(found)[0])


class PluginCache(Endpoint):
    """Live instances of plugins."""

    roles = {"DELETE": Role.PROJECT_ADMIN}

    @extend_schema(
        summary="Drop live instances of plugins",
        description=(
            "Here there are none: every call reads its configuration anew. Others hear of it: "
            "`PluginConfClearCacheEvent`."
        ),
        responses={204: None},
    )
    def delete(self, _call: Call) -> Response:
        """Tell whoever keeps some."""
        plugin_catalogue.clear_cache(
            tenant=self.tenant, service=self.service, actor=self.actor, at=clock.now()
        )
        return Response(status=204)


def routes(service: Service) -> list[URLPattern]:
    """Return the routes of configurations; those with fixed words stand first."""
    of_plugin = "plugins/<str:pluginId>/config"
    return [
        route("plugins/configs", AllConfigurations, name="all-plugin-configurations", service=service),
        route(
            "plugins/configs/<str:businessId>",
            OneConfigurationOfAll,
            name="any-plugin-configuration",
            service=service,
        ),
        route("plugins/cache", PluginCache, name="plugin-cache", service=service),
        route(of_plugin, ConfigurationsOfPlugin, name="plugin-configurations", service=service),
        route(
            f"{of_plugin}/<str:businessId>",
            OneConfigurationOfPlugin,
            name="plugin-configuration",
            service=service,
        ),
    ]
