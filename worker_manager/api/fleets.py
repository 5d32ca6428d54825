"""The fleets, as they are now."""

from typing import Any, Final

from django.urls import URLPattern
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request as Call
from rest_framework.response import Response

from regards_processing.kernel import clock
from regards_processing.kernel.auth.roles import Role
from regards_processing.kernel.rest.durations import PercentilesSerializer
from regards_processing.kernel.rest.entities import entity
from regards_processing.kernel.rest.fields import DateField
from regards_processing.kernel.rest.reach import TENANT, ReachingEndpoint
from regards_processing.kernel.rest.routes import route
from regards_processing.kernel.rest.services import Service
from regards_processing.kernel.rest.shapes import entity_of, list_of
from worker_manager.services import fleets

_WHOSE: Final = (
    "Fleets serve every tenant; requests are those of the caller's, or of all for callers above tenants."
)
_EXAMPLE: Final = {
    "workerType": "unzip-worker",
    "configured": True,
    "alive": True,
    "instances": 2,
    "silentInstances": 0,
    "concurrency": 8,
    "versions": ["1.0"],
    "protocols": ["celery"],
    "firstBeat": "2025-01-23T09:00:00Z",
    "lastBeat": "2025-01-23T14:42:27.12Z",
    "inFlight": 11,
    "running": 8,
    "waiting": 0,
    "held": 0,
    "limit": 64,
    "paused": False,
    "finishedOfLate": 240,
    "statistics": {
        "since": "2025-01-23T13:42:27.12Z",
        "attempts": 960,
        "perMinute": 16.0,
        "errorShare": 0.05,
        "queueSeconds": {"p50": 0.012, "p95": 0.31},
        "runSeconds": {"p50": 1.5, "p95": 7.25},
    },
}


class FleetStatisticsSerializer(serializers.Serializer[Any]):
    """How the attempts looked that ended of late."""

    since = DateField(help_text="One hour ago, or later where many requests have ended")
    attempts = serializers.IntegerField(help_text="Attempts that ended")
    perMinute = serializers.FloatField()  # noqa: N815 (ours, like the others)
    errorShare = serializers.FloatField(help_text="From 0 to 1")  # noqa: N815 (likewise)
    queueSeconds = PercentilesSerializer(  # noqa: N815 (likewise)
        required=False, help_text="Where the start of work is known"
    )
    runSeconds = PercentilesSerializer(  # noqa: N815 (likewise)
        required=False, help_text="Where the start of work is known"
    )


class FleetSerializer(serializers.Serializer[Any]):
    """Who serves a worker type, and what the tenant has there."""

    workerType = serializers.CharField()  # noqa: N815 (the contract's name)
    configured = serializers.BooleanField(help_text="Whether the tenant has configured it")
    alive = serializers.BooleanField(help_text="Whether an instance was heard of late")
    instances = serializers.IntegerField(help_text="Instances that are alive")
    silentInstances = serializers.IntegerField(  # noqa: N815 (ours, like the others)
        help_text="Instances that fell silent, until they are forgotten"
    )
    concurrency = serializers.IntegerField(
        required=False, help_text="Requests that they run at a time; absent when they do not tell"
    )
    versions = serializers.ListField(child=serializers.CharField(), help_text="Of the instances alive")
    protocols = serializers.ListField(child=serializers.CharField(), help_text="`celery` or `raw`")
    firstBeat = DateField(required=False, help_text="When the oldest instance was heard first")  # noqa: N815 (likewise)
    lastBeat = DateField(required=False, help_text="When any instance was heard last")  # noqa: N815 (likewise)
    inFlight = serializers.IntegerField(help_text="Requests, and branches, dispatched to it or running there")  # noqa: N815 (likewise)
    running = serializers.IntegerField(help_text="Those of them that a worker said it has started")
    waiting = serializers.IntegerField(help_text="Requests that are yet to be dispatched to it")
    held = serializers.IntegerField(help_text="Those of them that wait for a place, or for a pause to end")
    limit = serializers.IntegerField(
        required=False,
        help_text="Requests of all tenants that may be in flight; absent: as many as there are",
    )
    paused = serializers.BooleanField(help_text="For everybody, or for the tenant")
    finishedOfLate = serializers.IntegerField(  # noqa: N815 (likewise)
        help_text=f"Requests that ended there, and left the table, in the last {fleets.LATE} seconds"
    )
    statistics = FleetStatisticsSerializer(
        required=False, help_text="Of the attempts of the last hour; absent if none ended"
    )


class RunningRequestSerializer(serializers.Serializer[Any]):
    """A request that an instance runs."""

    requestId = serializers.CharField()  # noqa: N815 (likewise)
    tenant = serializers.CharField()
    since = DateField(help_text="When the instance gave its last sign of it")


class MemberSerializer(serializers.Serializer[Any]):
    """One instance of a fleet."""

    workerId = serializers.CharField()  # noqa: N815 (likewise)
    alive = serializers.BooleanField(help_text="Whether it was heard of late")
    version = serializers.CharField(required=False)
    protocol = serializers.CharField(help_text="`celery` or `raw`")
    concurrency = serializers.IntegerField(required=False, help_text="Requests that it runs at a time")
    runSeconds = serializers.FloatField(  # noqa: N815 (likewise)
        required=False, help_text="Seconds that work on a request took of late, on average"
    )
    firstBeat = DateField()  # noqa: N815 (likewise)
    lastBeat = DateField(help_text="By the manager's clock")  # noqa: N815 (likewise)
    clockAhead = serializers.FloatField(  # noqa: N815 (likewise)
        required=False, help_text="Seconds that its clock is ahead of the manager's"
    )
    running = serializers.IntegerField(help_text="Requests that it said it has started")
    requests = RunningRequestSerializer(many=True, help_text="The first of them, longest running first")


class FleetInFullSerializer(FleetSerializer):
    """Who serves a worker type, instance by instance."""

    members = MemberSerializer(many=True, help_text="At most 2000, those heard last, by name")


class Fleets(ReachingEndpoint):
    """The worker types that somebody serves, or that are configured."""

    roles = {"GET": Role.EXPLOIT}

    @extend_schema(
        summary="List fleets",
        description=f"Those that are alive, silent or only configured. {_WHOSE}",
        parameters=[TENANT],
        responses=list_of(FleetSerializer),
        examples=[OpenApiExample("A fleet of two", {"content": _EXAMPLE, "links": []}, response_only=True)],
    )
    def get(self, _call: Call) -> Response:
        """Return the fleets, by name of their worker type."""
        found = fleets.list_fleets(tenant=self.reach, at=clock.now())
        return Response(
            [
                entity(FleetSerializer(row).data, self.links(("self", "fleet", "GET", _address(row))))
                for row in found
            ]
        )


class OneFleet(ReachingEndpoint):
    """One worker type, instance by instance."""

    roles = {"GET": Role.EXPLOIT}

    @extend_schema(
        summary="Read a fleet",
        description=f"Who serves a worker type, and what each instance runs. {_WHOSE}",
        parameters=[TENANT],
        responses=entity_of(FleetInFullSerializer),
    )
    def get(self, _call: Call, workerType: str) -> Response:  # noqa: N803 (the contract's name)
        """Return a fleet."""
        row = fleets.read_fleet(tenant=self.reach, worker_type=workerType, at=clock.now())
        links = self.links(("self", "fleet", "GET", _address(row)), ("list", "fleets", "GET", {}))
        return Response(entity(FleetInFullSerializer(row).data, links))


def _address(row: fleets.Row) -> dict[str, str]:
    return {"workerType": row["workerType"]}


def routes(service: Service) -> list[URLPattern]:
    """Return the routes of fleets."""
    return [
        route("fleets", Fleets, name="fleets", service=service),
        route("fleets/<key:workerType>", OneFleet, name="fleet", service=service),
    ]
