"""What operators do with executions: see why they wait, cancel them, try them again. All of it is ours."""

from typing import Any

from django.urls import URLPattern
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request as Call
from rest_framework.response import Response

from regards_processing.kernel import clock
from regards_processing.kernel.auth.roles import Role
from regards_processing.kernel.rest.endpoint import Endpoint
from regards_processing.kernel.rest.entities import entity
from regards_processing.kernel.rest.fields import EnumField
from regards_processing.kernel.rest.parameters import uuid
from regards_processing.kernel.rest.routes import route
from regards_processing.kernel.rest.services import Service
from regards_processing.kernel.rest.shapes import entity_of
from regards_processing.processing.api.refusals import ENDED, NOT_FOUND, NOT_NOW
from regards_processing.processing.services.cancellation import cancel_batch, cancel_execution
from regards_processing.processing.services.retries import retry_execution
from regards_processing.processing.services.waiting import explain_execution
from regards_processing.processing.states import ExecutionStatus


class ReasonOfExecutionSerializer(serializers.Serializer[Any]):
    """One reason why an execution waits."""

    code = serializers.CharField(help_text="For machines: PROCESS_LIMIT, or one of the engine's")
    text = serializers.CharField(help_text="For people")
    facts = serializers.DictField(help_text="What the text is made of; which, depends on the code")


class ExplainedExecutionSerializer(serializers.Serializer[Any]):
    """An execution, and why it is where it is."""

    executionId = serializers.UUIDField(source="subject")  # noqa: N815 (as in the contract)
    status = EnumField(ExecutionStatus)
    reasons = ReasonOfExecutionSerializer(many=True, help_text="What matters most comes first")


class ReasonsOfExecution(Endpoint):
    """Why one execution waits."""

    roles = {"GET": Role.ADMIN}

    @extend_schema(
        summary="Explain an execution",
        description="Says why one that has not ended waits. An addition to the interface of REGARDS.",
        responses={200: entity_of(ExplainedExecutionSerializer), 404: NOT_FOUND, 409: ENDED},
    )
    def get(self, _call: Call, executionId: str) -> Response:  # noqa: N803 (as in the contract)
        """Return why it waits."""
        execution_id = uuid(executionId, name="executionId")
        found = explain_execution(tenant=self.tenant, execution_id=execution_id, at=clock.now())
        return Response(entity(ExplainedExecutionSerializer(found).data))


class CancelExecution(Endpoint):
    """The order to cancel one execution."""

    roles = {"POST": Role.ADMIN}

    @extend_schema(
        summary="Cancel an execution",
        description="Ends it as CANCELLED, and stops its program. An addition to the interface of REGARDS.",
        responses={204: None, 409: ENDED},
    )
    def post(self, _call: Call, executionId: str) -> Response:  # noqa: N803 (likewise)
        """Cancel it."""
        cancel_execution(
            tenant=self.tenant,
            execution_id=uuid(executionId, name="executionId"),
            actor=self.actor,
            at=clock.now(),
        )
        return Response(status=204)


class RetriedExecutionSerializer(serializers.Serializer[Any]):
    """The execution that tries another one again."""

    executionId = serializers.UUIDField(help_text="Of the new one")  # noqa: N815 (likewise)


class RetryExecution(Endpoint):
    """The order to try one execution again."""

    roles = {"POST": Role.ADMIN}

    @extend_schema(
        summary="Try an execution again",
        description=(
            "Orders what ended in FAILURE, TIMED_OUT or CANCELLED once more, as an execution of its own with "
            "a result of its own. An addition to the interface of REGARDS."
        ),
        responses={201: RetriedExecutionSerializer, 404: NOT_FOUND, 409: NOT_NOW},
    )
    def post(self, _call: Call, executionId: str) -> Response:  # noqa: N803 (likewise)
        """Try it again."""
        new = retry_execution(
            tenant=self.tenant,
            execution_id=uuid(executionId, name="executionId"),
            actor=self.actor,
            at=clock.now(),
        )
        return Response(RetriedExecutionSerializer({"executionId": new}).data, status=201)


class CancelledBatchSerializer(serializers.Serializer[Any]):
    """What the cancellation of a batch did."""

    cancelled = serializers.IntegerField(help_text="Executions that had not ended")


class CancelBatch(Endpoint):
    """The order to cancel a batch."""

    roles = {"POST": Role.ADMIN}

    @extend_schema(
        summary="Cancel a batch",
        description=(
            "Ends its executions as CANCELLED and stops their programs; what is ordered of it later is "
            "cancelled at once. An addition to the interface of REGARDS."
        ),
        responses={200: CancelledBatchSerializer, 404: NOT_FOUND},
    )
    def post(self, _call: Call, batchId: str) -> Response:  # noqa: N803 (likewise)
        """Cancel it."""
        cancelled = cancel_batch(
            tenant=self.tenant, batch_id=uuid(batchId, name="batchId"), actor=self.actor, at=clock.now()
        )
        return Response(CancelledBatchSerializer({"cancelled": cancelled}).data)


def routes(service: Service) -> list[URLPattern]:
    """Return the routes of single executions."""
    one = "monitoring/executions/<str:executionId>"
    return [
        route(f"{one}/reasons", ReasonsOfExecution, name="execution-reasons", service=service),
        route(f"{one}/cancel", CancelExecution, name="execution-cancel", service=service),
        route(f"{one}/retry", RetryExecution, name="execution-retry", service=service),
        route("monitoring/batches/<str:batchId>/cancel", CancelBatch, name="batch-cancel", service=service),
    ]
