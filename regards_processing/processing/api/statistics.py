"""What executions really took, against their forecasts: additions of ours to the monitoring."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from django.urls import URLPattern
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request as Call
from rest_framework.response import Response

from regards_processing.kernel import clock
from regards_processing.kernel.auth.roles import Role
from regards_processing.kernel.rest.durations import PercentilesSerializer, SecondsField
from regards_processing.kernel.rest.endpoint import Endpoint
from regards_processing.kernel.rest.entities import entity
from regards_processing.kernel.rest.fields import DateField
from regards_processing.kernel.rest.parameters import past_date, uuid
from regards_processing.kernel.rest.routes import route
from regards_processing.kernel.rest.services import Service
from regards_processing.kernel.rest.shapes import entity_of
from regards_processing.processing import queries, searches
from regards_processing.processing.api.monitoring import ExecutionSerializer
from regards_processing.processing.api.refusals import NOT_FOUND
from regards_processing.processing.models import Execution
from regards_processing.processing.services.statistics import process_statistics
from regards_processing.processing.states import OPEN, RETRYABLE

#: What is looked at when nobody says since when.
_WHILE: Final = timedelta(days=1)
#: Rel of a link of an execution, name and verb of the endpoint.
_Link = tuple[str, str, str]
_ITSELF: Final[_Link] = ("self", "execution", "GET")
_WHILE_OPEN: Final[tuple[_Link, ...]] = (
    ("reasons", "execution-reasons", "GET"),
    ("cancel", "execution-cancel", "POST"),
)
_AGAIN: Final[tuple[_Link, ...]] = (("retry", "execution-retry", "POST"),)


class ProcessStatisticsSerializer(serializers.Serializer[Any]):
    """How the executions of a process went."""

    processBusinessId = serializers.UUIDField(source="process_id")  # noqa: N815 (the contract's name)
    processName = serializers.CharField(source="process_name", help_text="When it was ordered last")  # noqa: N815 (likewise)
    open = serializers.DictField(
        child=serializers.IntegerField(), source="open_ones", help_text="How many have not ended, by status"
    )
    held = serializers.IntegerField(help_text="Those of them that wait for a place")
    ended = serializers.DictField(
        child=serializers.IntegerField(), help_text="How many ended in the while, by status"
    )
    runSeconds = PercentilesSerializer(source="run_time", required=False, allow_null=True)  # noqa: N815 (likewise)
    expectedSeconds = PercentilesSerializer(  # noqa: N815 (likewise)
        source="expected_time", required=False, allow_null=True, help_text="Forecasts of the same ones"
    )
    durationRatio = serializers.FloatField(  # noqa: N815 (likewise)
        source="duration_ratio",
        required=False,
        allow_null=True,
        help_text="Mean of real by expected duration of those that succeeded: 1 is a forecast that is right",
    )
    sizeRatio = serializers.FloatField(source="size_ratio", required=False, allow_null=True)  # noqa: N815 (likewise)


class StatisticsOfProcessesSerializer(serializers.Serializer[Any]):
    """How processes did in a while."""

    since = DateField(help_text="Later than what was asked for, where there were too many executions")
    until = DateField()
    processes = ProcessStatisticsSerializer(many=True, help_text="By name")


class StatisticsOfProcesses(Endpoint):
    """How the processes of the tenant did."""

    roles = {"GET": Role.ADMIN}

    @extend_schema(
        summary="Statistics of processes",
        description=(
            "Returns counts by status, and real durations and sizes against forecasts, of executions that "
            "ended in a while, by process. An addition to the interface of REGARDS."
        ),
        parameters=[OpenApiParameter("since", OpenApiTypes.DATETIME, description="By default one day ago")],
        responses=StatisticsOfProcessesSerializer,
    )
    def get(self, call: Call) -> Response:
        """Return the statistics."""
        at = clock.now()
        since = past_date(call.query_params.get("since"), name="since", at=at, default=at - _WHILE)
        found = process_statistics(tenant=self.tenant, since=since, at=at)
        return Response(StatisticsOfProcessesSerializer(found).data)


def _possible(execution: Execution) -> Sequence[_Link]:
    """Return the links to what can be done with an execution as it is now."""
    if execution.status in OPEN:
        return _WHILE_OPEN
    may_be_retried = execution.status in RETRYABLE and not queries.was_ordered_again(execution=execution)
    return _AGAIN if may_be_retried else ()


class OneExecutionSerializer(ExecutionSerializer):
    """An execution as the search shows it, and what it took beside what was expected."""

    inputBytes = serializers.IntegerField(source="input_bytes")  # noqa: N815 (in the contract's style)
    expectedBytes = serializers.IntegerField(source="expected_size")  # noqa: N815 (likewise)
    outputBytes = serializers.IntegerField(source="output_size", help_text="Once it has ended")  # noqa: N815 (likewise)
    runSeconds = SecondsField(source="run_duration", help_text="Once it has ended, if a fleet had begun")  # noqa: N815 (likewise)
    held = serializers.BooleanField(help_text="Whether it waits for a place")
    retryOf = serializers.UUIDField(source="retry_of", help_text="The execution that this one tries again")  # noqa: N815 (likewise)
    log = serializers.ListField(child=serializers.CharField(), help_text="The last lines of its program")


class OneExecution(Endpoint):
    """One execution."""

    roles = {"GET": Role.ADMIN}

    @extend_schema(
        summary="Read an execution",
        description="Returns what the search shows of it, and more. An addition to the interface of REGARDS.",
        responses={200: entity_of(OneExecutionSerializer), 404: NOT_FOUND},
    )
    def get(self, _call: Call, executionId: str) -> Response:  # noqa: N803 (as in the contract)
        """Return it."""
        execution_id = uuid(executionId, name="executionId")
        found = searches.execution_of(tenant=self.tenant, execution_id=execution_id)
        key = {"executionId": execution_id}
        links = self.links(*((*link, key) for link in (_ITSELF, *_possible(found))))
        return Response(entity(OneExecutionSerializer(found).data, links))


def routes(service: Service) -> list[URLPattern]:
    """Return the routes of statistics, and of executions in full."""
    one = "monitoring/executions/<str:executionId>"
    return [
        route("monitoring/processes", StatisticsOfProcesses, name="process-statistics", service=service),
        route(one, OneExecution, name="execution", service=service),
    ]
