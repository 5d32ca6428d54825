"""Orders of operators: have requests carried out again, or delete them; and how many that would be."""

from collections.abc import Collection
from typing import Any, Final

from django.urls import URLPattern
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request as Call
from rest_framework.response import Response

from regards_processing.kernel import clock
from regards_processing.kernel.auth.roles import Role
from regards_processing.kernel.jobs.models import Job
from regards_processing.kernel.rest.endpoint import Endpoint
from regards_processing.kernel.rest.parameters import choice
from regards_processing.kernel.rest.routes import route
from regards_processing.kernel.rest.services import Service
from worker_manager.api.request_filters import OrderFilterSerializer
from worker_manager.services import cancellation, deletion, orders, reserved, retries
from worker_manager.services.orders import Reach, Start

_REACH: Final = (
    "Reaches requests in ERROR, INVALID_CONTENT and NO_WORKER_AVAILABLE only; a restriction that names "
    "another status counts as none. The answer says that the order is stored: a job carries it out."
)
#: What every order answers beside its status.
_JOB: Final = OpenApiParameter(
    "Location",
    OpenApiTypes.URI,
    OpenApiParameter.HEADER,
    response=[200],
    description="Address of the job that carries it out, an addition to the interface of REGARDS",
)


class CountSerializer(serializers.Serializer[Any]):
    """How many requests an order would touch."""

    count = serializers.IntegerField(help_text="Requests that it would touch now")


class _OrderEndpoint(Endpoint):
    def ordered(self, job: Job) -> Response:
        """Return the contract's empty answer; a header names the job, to those who may read it."""
        readable = self.may("job", verb="GET")
        return Response(headers={"Location": self.href("job", {"jobId": job.pk})} if readable else None)


class _PreviewEndpoint(Endpoint):
    def counted(self, *, reach: Reach = orders.up_to_operators, sparing: Collection[str] = ()) -> Response:
        """Return how many requests an order with the filter of the body would touch."""
        wanted = self.body(OrderFilterSerializer)
        count = orders.count_eligible(tenant=self.tenant, wanted=wanted, reach=reach, sparing=sparing)
        return Response(CountSerializer({"count": count}).data)


class RetryRequests(_OrderEndpoint):
    """The order to carry requests out again."""

    roles = {"POST": Role.EXPLOIT}

    @extend_schema(
        summary="Retry requests",
        description=(
            "Sends the requests that the filter means to their workers again, each at the step it is at. "
            f"Executions of rs-processing are left alone: it tries them again by itself. {_REACH}"
        ),
        parameters=[
            OpenApiParameter(
                "from",
                {"type": "string", "enum": [start.value for start in Start], "default": Start.FAILED.value},
                description=(
                    "``first``: at the first step of today's configuration, with the client's own content. "
                    "An addition to the interface of REGARDS"
                ),
            ),
            _JOB,
        ],
        request=OrderFilterSerializer,
        responses={200: None},
    )
    def post(self, call: Call) -> Response:
        """Take the order."""
        start = choice(call.query_params.get("from"), name="from", default=Start.FAILED)
        wanted = self.body(OrderFilterSerializer)
        return self.ordered(
            retries.order_retry(
                tenant=self.tenant, wanted=wanted, actor=self.actor, at=clock.now(), start=start
            )
        )


class PreviewRetry(_PreviewEndpoint):
    """What a retry would touch."""

    roles = {"POST": Role.EXPLOIT}

    @extend_schema(
        summary="Count what a retry would touch",
        description="Changes nothing. An addition to the interface of REGARDS.",
        request=OrderFilterSerializer,
        responses=CountSerializer,
    )
    def post(self, _call: Call) -> Response:
        """Count."""
        return self.counted(sparing=reserved.owners())


class DeleteRequests(_OrderEndpoint):
    """The order to delete requests."""

    roles = {"DELETE": Role.ADMIN}

    @extend_schema(
        summary="Delete requests",
        description=(
            f"Deletes the requests that the filter means; their clients hear nothing of it. {_REACH}"
        ),
        parameters=[_JOB],
        request=OrderFilterSerializer,
        responses={200: None},
    )
    def delete(self, _call: Call) -> Response:
        """Take the order."""
        wanted = self.body(OrderFilterSerializer)
        return self.ordered(
            deletion.order_deletion(tenant=self.tenant, wanted=wanted, actor=self.actor, at=clock.now())
        )


class PreviewDeletion(_PreviewEndpoint):
    """What a deletion would touch."""

    roles = {"POST": Role.ADMIN}

    @extend_schema(
        summary="Count what a deletion would touch",
        description="Changes nothing. An addition to the interface of REGARDS.",
        request=OrderFilterSerializer,
        responses=CountSerializer,
    )
    def post(self, _call: Call) -> Response:
        """Count."""
        return self.counted()


class CancelRequests(_OrderEndpoint):
    """The order to cancel requests."""

    roles = {"POST": Role.ADMIN}

    @extend_schema(
        summary="Cancel requests",
        description=(
            "Ends the requests that the filter means and that have not ended: those in TO_DISPATCH, "
            "DISPATCHED, RUNNING and NO_WORKER_AVAILABLE, or those of them that the filter names. Their "
            "clients are told, and so are the fleets. The answer says that the order is stored: a job "
            "carries it out. An addition to the interface of REGARDS."
        ),
        parameters=[_JOB],
        request=OrderFilterSerializer,
        responses={200: None},
    )
    def post(self, _call: Call) -> Response:
        """Take the order."""
        wanted = self.body(OrderFilterSerializer)
        return self.ordered(
            cancellation.order_cancellation(
                tenant=self.tenant, wanted=wanted, actor=self.actor, at=clock.now()
            )
        )


class PreviewCancellation(_PreviewEndpoint):
    """What a cancellation would touch."""

    roles = {"POST": Role.ADMIN}

    @extend_schema(
        summary="Count what a cancellation would touch",
        description="Changes nothing. An addition to the interface of REGARDS.",
        request=OrderFilterSerializer,
        responses=CountSerializer,
    )
    def post(self, _call: Call) -> Response:
        """Count."""
        return self.counted(reach=orders.not_ended)


class CancelRequest(Endpoint):
    """The order to cancel one request, at once."""

    roles = {"POST": Role.EXPLOIT}

    @extend_schema(
        summary="Cancel a request",
        description=(
            "Ends a request that has not ended; its client is told, and so are the fleets. 409 when it has "
            "failed and is kept, 403 when it is an execution of rs-processing, which cancels it by itself. "
            "An addition to the interface of REGARDS."
        ),
        request=None,
        responses={200: None},
    )
    def post(self, _call: Call, requestId: str) -> Response:  # noqa: N803 (the contract's name)
        """Cancel it."""
        cancellation.cancel_request(
            tenant=self.tenant, request_id=requestId, actor=self.actor, at=clock.now()
        )
        return Response()


def routes(service: Service) -> list[URLPattern]:
    """Return the routes of orders."""
    return [
        route("requests/retry", RetryRequests, name="requests-retry", service=service),
        route("requests/retry/preview", PreviewRetry, name="requests-retry-preview", service=service),
        route("requests/delete", DeleteRequests, name="requests-delete", service=service),
        route("requests/delete/preview", PreviewDeletion, name="requests-delete-preview", service=service),
        route("requests/cancel", CancelRequests, name="requests-cancel", service=service),
        route(
            "requests/cancel/preview", PreviewCancellation, name="requests-cancel-preview", service=service
        ),
        route("requests/<key:requestId>/cancel", CancelRequest, name="request-cancel", service=service),
    ]
