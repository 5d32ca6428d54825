"""The processes that can be ordered."""

from typing import Any

from django.urls import URLPattern
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request as Call
from rest_framework.response import Response

from regards_processing.kernel.auth.roles import Role
from regards_processing.kernel.rest.endpoint import Endpoint
from regards_processing.kernel.rest.parameters import uuid
from regards_processing.kernel.rest.routes import route
from regards_processing.kernel.rest.services import Service
from regards_processing.processing.services.catalogue import (
    OfferedProcess,
    offered_process,
    offered_processes,
)

_EXAMPLE = {
    "processId": "5e1b9b1c-7d4d-4d9a-9a53-5f0e0c1c2d3e",
    "processName": "Crop",
    "active": True,
    "processInfo": {
        "scope": "FEATURE",
        "cardinality": "ONE_PER_INPUT_FILE",
        "datatypes": "RAWDATA",
        "sizeLimitType": "FEATURES",
        "sizeLimitValue": "10",
        "sizeForecast": "*1.000000",
        "forbidSplitInSuborders": "false",
        "regards.tenant": "demo",
        "regards.userRole": "EXPLOIT",
    },
    "params": [],
}


class OfferedProcessSerializer(serializers.Serializer[Any]):
    """A process that can be ordered, and what it promises."""

    processId = serializers.UUIDField(source="process.process_id")  # noqa: N815 (the contract's name)
    processName = serializers.CharField(source="name")  # noqa: N815 (likewise)
    active = serializers.BooleanField(source="process.plugin.active", help_text="Inactive ones are left out")
    processInfo = serializers.SerializerMethodField(  # noqa: N815 (likewise)
        method_name="info", help_text="Texts: scope, cardinality, datatypes, limits and forecasts"
    )
    params = serializers.SerializerMethodField(help_text="Always empty: orders have no parameters of these")

    def info(self, offered: OfferedProcess) -> dict[str, str]:
        """Return the map of texts that order services read."""
        return offered.info_for(self.context["tenant"])

    def get_params(self, _offered: OfferedProcess) -> list[dict[str, str]]:
        """Return none."""
        return []


class OfferedProcesses(Endpoint):
    """All processes of the tenant that can be ordered."""

    roles = {"GET": Role.REGISTERED_USER}

    @extend_schema(
        summary="List processes",
        description="Returns the processes that can be ordered. Inactive and broken ones are left out.",
        responses=OfferedProcessSerializer(many=True),
        examples=[OpenApiExample("A process", [_EXAMPLE], response_only=True)],
    )
    def get(self, _call: Call) -> Response:
        """Return the processes."""
        found = offered_processes(tenant=self.tenant)
        context = {"tenant": self.tenant.name}
        return Response(OfferedProcessSerializer(found, many=True, context=context).data)


class OneOfferedProcess(Endpoint):
    """One process of the tenant that can be ordered."""

    roles = {"GET": Role.REGISTERED_USER}

    @extend_schema(
        summary="Read a process",
        responses=OfferedProcessSerializer,
        examples=[OpenApiExample("A process", _EXAMPLE, response_only=True)],
    )
    def get(self, _call: Call, processBusinessId: str) -> Response:  # noqa: N803 (the contract's name)
        """Return the process."""
        found = offered_process(
            tenant=self.tenant, process_id=uuid(processBusinessId, name="processBusinessId")
        )
        return Response(OfferedProcessSerializer(found, context={"tenant": self.tenant.name}).data)


def routes(service: Service) -> list[URLPattern]:
    """Return the routes of processes."""
    return [
        route("process", OfferedProcesses, name="processes", service=service),
        route("process/<str:processBusinessId>", OneOfferedProcess, name="process", service=service),
    ]
