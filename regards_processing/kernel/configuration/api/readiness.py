"""Whether the platform can do its work now, for those who configure it."""

from typing import Any

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request as Call
from rest_framework.response import Response

from regards_processing.kernel import clock
from regards_processing.kernel.auth.roles import Role
from regards_processing.kernel.observability.health import readiness
from regards_processing.kernel.rest.endpoint import Endpoint


class ReadinessSerializer(serializers.Serializer[Any]):
    """Whether everything that the service needs is there."""

    ready = serializers.BooleanField()
    reasons = serializers.ListField(
        child=serializers.CharField(), help_text="What is missing; nothing when it is ready"
    )


class Ready(Endpoint):
    """Readiness of the service."""

    roles = {"GET": Role.PROJECT_ADMIN}
    needs_tenant = False

    @extend_schema(summary="Ask whether the service is ready, and why not", responses=ReadinessSerializer)
    def get(self, _call: Call) -> Response:
        """Check database, broker and so on."""
        found = readiness(at=clock.now())
        return Response({"ready": found.ready, "reasons": found.reasons})


class ReadyEnabled(Endpoint):
    """Whether the service tells its readiness: it does."""

    roles = {"GET": Role.PROJECT_ADMIN}
    needs_tenant = False

    @extend_schema(
        summary="Ask whether readiness is told",
        responses={200: OpenApiResponse(description="It is")},
    )
    def get(self, _call: Call) -> Response:
        """Answer without a body."""
        return Response()
