"""How worker types did of late."""

from datetime import timedelta
from typing import Any, Final

from django.urls import URLPattern
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request as Call
from rest_framework.response import Response

from regards_processing.kernel import clock
from regards_processing.kernel.auth.roles import Role
from regards_processing.kernel.rest.durations import PercentilesSerializer
from regards_processing.kernel.rest.endpoint import Endpoint
from regards_processing.kernel.rest.fields import DateField
from regards_processing.kernel.rest.parameters import past_date
from regards_processing.kernel.rest.routes import route
from regards_processing.kernel.rest.services import Service
from worker_manager.services.statistics import worker_statistics

#: What is looked at when nobody says since when.
_WHILE: Final = timedelta(hours=1)
_EXAMPLE: Final = {
    "since": "2025-01-23T13:42:27.12Z",
    "until": "2025-01-23T14:42:27.12Z",
    "workers": [
        {
            "workerType": "unzip-worker",
            "attempts": 240,
            "perMinute": 4.0,
            "outcomes": {"ERROR": 12, "SUCCESS": 228},
            "errorShare": 0.05,
            "queueSeconds": {"p50": 0.012, "p95": 0.31},
            "runSeconds": {"p50": 1.5, "p95": 7.25},
        }
    ],
}


class WorkerStatisticsSerializer(serializers.Serializer[Any]):
    """How a worker type did."""

    workerType = serializers.CharField(source="worker_type")  # noqa: N815 (the contract's name)
    attempts = serializers.IntegerField(help_text="Attempts that ended")
    perMinute = serializers.FloatField(source="per_minute")  # noqa: N815 (likewise)
    outcomes = serializers.DictField(child=serializers.IntegerField(), help_text="How many ended how")
    errorShare = serializers.FloatField(source="error_share", help_text="From 0 to 1")  # noqa: N815 (likewise)
    queueSeconds = PercentilesSerializer(  # noqa: N815 (likewise)
        source="queue_time", required=False, help_text="Where the start of work is known"
    )
    runSeconds = PercentilesSerializer(  # noqa: N815 (likewise)
        source="run_time", required=False, help_text="Where the start of work is known"
    )


class StatisticsSerializer(serializers.Serializer[Any]):
    """How worker types did in a while."""

    since = DateField(help_text="Later than what was asked for, where there were too many requests")
    until = DateField()
    workers = WorkerStatisticsSerializer(many=True, help_text="By name")


class StatisticsOfWorkers(Endpoint):
    """How the worker types did that served the tenant."""

    roles = {"GET": Role.EXPLOIT}

    @extend_schema(
        summary="Statistics of worker types",
        description=(
            "Returns rate, outcomes, and queue and run times of the attempts of the tenant's requests that "
            "ended in a while, by worker type. An addition to the interface of REGARDS."
        ),
        parameters=[OpenApiParameter("since", OpenApiTypes.DATETIME, description="By default one hour ago")],
        responses=StatisticsSerializer,
        examples=[OpenApiExample("One worker type", _EXAMPLE, response_only=True)],
    )
    def get(self, call: Call) -> Response:
        """Return the statistics."""
        at = clock.now()
        since = past_date(call.query_params.get("since"), name="since", at=at, default=at - _WHILE)
        found = worker_statistics(tenant=self.tenant, since=since, at=at)
        return Response(StatisticsSerializer(found).data)


def routes(service: Service) -> list[URLPattern]:
    """Return the routes of statistics."""
    return [route("statistics/workers", StatisticsOfWorkers, name="statistics-workers", service=service)]
