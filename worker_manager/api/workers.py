"""The worker types that are alive."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request as Call
from rest_framework.response import Response

from regards_processing.kernel import clock
from regards_processing.kernel.auth.roles import Role
from regards_processing.kernel.rest.endpoint import Endpoint
from regards_processing.kernel.rest.parameters import names
from worker_manager import searches


class LiveWorkerTypeSerializer(serializers.Serializer[Any]):
    """A worker type that somebody serves now."""

    workerType = serializers.CharField()  # noqa: N815 (the contract's name)
    nbInstance = serializers.IntegerField(help_text="Instances that sent a heartbeat of late")  # noqa: N815 (likewise)


class LiveWorkerTypes(Endpoint):
    """The worker types that are alive."""

    roles = {"GET": Role.EXPLOIT}

    @extend_schema(
        summary="List live worker types",
        description="Fleets serve every tenant, so the fleets of the whole platform are listed.",
        parameters=[
            OpenApiParameter(
                "contentTypes",
                {"type": "array", "items": {"type": "string"}},
                description="Only worker types that take one of these, by the configuration of the tenant",
            )
        ],
        responses=LiveWorkerTypeSerializer(many=True),
        examples=[
            OpenApiExample(
                "A fleet of three",
                {"workerType": "unzip-worker", "nbInstance": 3},
                response_only=True,
            )
        ],
    )
    def get(self, call: Call) -> Response:
        """Return the live worker types and how many instances each has."""
        found = searches.live_worker_types(
            tenant=self.tenant, content_types=names(call.query_params, "contentTypes"), at=clock.now()
        )
        rows = [{"workerType": name, "nbInstance": instances} for name, instances in found.items()]
        return Response(LiveWorkerTypeSerializer(rows, many=True).data)
