"""``/maintenance``: which tenants can only be read now, and the switch."""

from typing import Any

from django.urls import URLPattern
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request as Call
from rest_framework.response import Response

from regards_processing.kernel import clock
from regards_processing.kernel.auth.access import RoleRefused
from regards_processing.kernel.auth.roles import Role, stands_above_tenants
from regards_processing.kernel.rest.endpoint import Endpoint
from regards_processing.kernel.rest.entities import entity
from regards_processing.kernel.rest.fields import DateField
from regards_processing.kernel.rest.routes import route
from regards_processing.kernel.rest.services import Service
from regards_processing.kernel.rest.shapes import LinkSerializer
from regards_processing.kernel.tenancy import queries, services


class MaintenanceSerializer(serializers.Serializer[Any]):
    """The maintenance of one tenant."""

    active = serializers.BooleanField(source="maintenance", help_text="Whether calls may only read")
    lastUpdate = DateField(source="maintenance_since", help_text="When it was switched last")  # noqa: N815 (the contract's name)


_BY_TENANT = inline_serializer(
    "Maintenances",
    {
        "content": serializers.DictField(child=MaintenanceSerializer(), help_text="By name of the tenant"),
        "links": LinkSerializer(many=True),
    },
)


class Maintenances(Endpoint):
    """The maintenance of the caller's tenant; of every tenant for callers above tenants."""

    roles = {"GET": Role.PROJECT_ADMIN}
    needs_tenant = False

    @extend_schema(summary="List the maintenance of tenants", responses={200: _BY_TENANT})
    def get(self, _call: Call) -> Response:
        """List the tenants and whether they are in maintenance."""
        above = stands_above_tenants(self.caller.role)
        found = queries.every_tenant() if above else queries.tenants(names=[self.caller.tenant])
        return Response(entity({tenant.name: MaintenanceSerializer(tenant).data for tenant in found}))


class MaintenanceSwitch(Endpoint):
    """What both switches share: they stay callable during maintenance."""

    needs_tenant = False

    def check_tenant(self, tenant: str) -> None:
        """Refuse callers from another tenant.

        Raises:
            RoleRefused: the caller belongs to another tenant, whether or not this one exists.
        """
        if tenant != self.caller.tenant and not stands_above_tenants(self.caller.role):
            raise RoleRefused(
                f"Access denied: the maintenance of {tenant} is switched by its own administrators"
            )


class EnableMaintenance(MaintenanceSwitch):
    """Begins the maintenance of a tenant."""

    roles = {"PUT": Role.PROJECT_ADMIN}

    @extend_schema(
        summary="Begin the maintenance of a tenant",
        description="Calls may then only read; messages go on.",
        request=None,
        responses={200: None},
    )
    def put(self, _call: Call, tenant: str) -> Response:
        """Refuse calls that change anything of a tenant; messages go on."""
        self.check_tenant(tenant)
        services.enable_maintenance(tenants=[tenant], actor=self.actor, at=clock.now())
        return Response()


class DisableMaintenance(MaintenanceSwitch):
    """Ends the maintenance of a tenant."""

    roles = {"PUT": Role.PROJECT_ADMIN}

    @extend_schema(summary="End the maintenance of a tenant", request=None, responses={200: None})
    def put(self, _call: Call, tenant: str) -> Response:
        """Take calls that change something of a tenant again."""
        self.check_tenant(tenant)
        services.disable_maintenance(tenants=[tenant], actor=self.actor, at=clock.now())
        return Response()


def routes(service: Service) -> list[URLPattern]:
    """Return the routes of this area."""
    return [
        route("maintenance", Maintenances, name="maintenance", service=service),
        route(
            "maintenance/<str:tenant>/enable", EnableMaintenance, name="maintenance-enable", service=service
        ),
        route(
            "maintenance/<str:tenant>/disable",
            DisableMaintenance,
            name="maintenance-disable",
            service=service,
        ),
    ]
