"""How many requests there are."""

from typing import Any

from django.urls import URLPattern
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request as Call
from rest_framework.response import Response

from regards_processing.kernel.auth.roles import Role
from regards_processing.kernel.rest.endpoint import Endpoint
from regards_processing.kernel.rest.routes import route
from regards_processing.kernel.rest.services import Service
from worker_manager import searches
from worker_manager.api.request_filters import RequestFilterSerializer


class RequestCountsSerializer(serializers.Serializer[Any]):
    """How many requests a filter means."""

    total = serializers.IntegerField()
    byStatus = serializers.DictField(  # noqa: N815 (the contract's name)
        source="by_status",
        child=serializers.IntegerField(),
        help_text="Statuses that no request has are left out",
    )
    byWorkerType = serializers.DictField(  # noqa: N815 (likewise)
        source="by_worker_type",
        child=serializers.IntegerField(),
        help_text="By the worker type of the step that they are at",
    )
    withoutWorkerType = serializers.IntegerField(  # noqa: N815 (likewise)
        source="without_worker_type", help_text="Nothing is configured for their content types"
    )


class CountRequests(Endpoint):
    """How many requests of the tenant there are, by status and by worker type."""

    roles = {"POST": Role.EXPLOIT}

    @extend_schema(
        summary="Count requests",
        description="Changes nothing. An addition to the interface of REGARDS.",
        request=RequestFilterSerializer,
        responses=RequestCountsSerializer,
        examples=[
            OpenApiExample(
                "Of one session",
                {
                    "total": 12,
                    "byStatus": {"ERROR": 2, "RUNNING": 10},
                    "byWorkerType": {"unzip": 12},
                    "withoutWorkerType": 0,
                },
                response_only=True,
            )
        ],
    )
    def post(self, _call: Call) -> Response:
        """Count the requests that a filter means."""
        counts = searches.counts_of(tenant=self.tenant, wanted=self.body(RequestFilterSerializer))
        return Response(RequestCountsSerializer(counts).data)


def routes(service: Service) -> list[URLPattern]:
    """Return the route of counts."""
    return [route("requests/count", CountRequests, name="requests-count", service=service)]
