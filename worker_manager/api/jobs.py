"""The jobs that carry orders out: how far each is, and what came of it."""

from typing import Any, Final

from django.urls import URLPattern
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request as Call
from rest_framework.response import Response

from regards_processing.kernel.audit.models import Origin
from regards_processing.kernel.auth.roles import Role
from regards_processing.kernel.jobs.states import JobState
from regards_processing.kernel.rest.endpoint import Endpoint
from regards_processing.kernel.rest.entities import entity
from regards_processing.kernel.rest.fields import DateField, EnumField
from regards_processing.kernel.rest.openapi import page_parameters
from regards_processing.kernel.rest.pages import PageRequest
from regards_processing.kernel.rest.parameters import uuid
from regards_processing.kernel.rest.routes import route
from regards_processing.kernel.rest.services import Service
from regards_processing.kernel.rest.shapes import entity_of, page_of
from worker_manager.api.request_filters import RequestFilterSerializer
from worker_manager.services import given_orders, orders
from worker_manager.services.given_orders import GivenOrder
from worker_manager.services.orders import Start

_ID: Final = "6f1c1a52-6a57-4c5f-9f0c-0a5a4c0d6c1e"
_EXAMPLE: Final = {
    "content": {
        "id": _ID,
        "kind": orders.RETRY,
        "state": "RUNNING",
        "filter": {"session": "2025-06", "statuses": {"values": ["ERROR"], "mode": "INCLUDE"}},
        "start": "failed",
        "askedBy": "ada@example.org",
        "origin": "REST",
        "creationDate": "2025-06-02T08:00:00Z",
        "startDate": "2025-06-02T08:00:01.2Z",
        "done": 2000,
        "total": 12000,
        "outcome": {"dispatched": 1900, "waiting": 100},
    },
    "links": [{"rel": "self", "href": f"https://host/api/v1/rs-worker-manager/jobs/{_ID}"}],
}


class JobSerializer(serializers.Serializer[Any]):
    """An order, and how far the job is that carries it out."""

    id = serializers.UUIDField(source="job.pk")
    kind = serializers.ChoiceField([(kind, kind) for kind in orders.KINDS], source="job.kind")
    state = EnumField(JobState, source="job.state")
    filter = RequestFilterSerializer(
        source="order.wanted",
        help_text="As the order has it; `sessions.delete` means its source and session as whole names",
    )
    start = EnumField(Start, required=False, help_text="Of a retry: what the parameter `from` said")
    askedBy = serializers.CharField(source="job.asked_by", help_text="Who ordered it")  # noqa: N815 (ours, as the contract writes names)
    origin = EnumField(Origin, source="job.origin", help_text="The door that the order came in by")
    creationDate = DateField(source="job.created_at", help_text="When it was ordered")  # noqa: N815 (likewise)
    startDate = DateField(source="job.started_at", required=False, help_text="Of its first page")  # noqa: N815 (likewise)
    endDate = DateField(source="job.finished_at", required=False)  # noqa: N815 (likewise)
    done = serializers.IntegerField(source="job.done", help_text="Requests (or sessions) that are done")
    total = serializers.IntegerField(
        source="job.total", required=False, help_text="Of how many; known from the first page on"
    )
    outcome = serializers.DictField(
        child=serializers.IntegerField(), source="job.outcome", help_text="What became of them, counted"
    )
    message = serializers.CharField(
        source="job.message", required=False, help_text="Why it failed or was aborted"
    )
    cancelledBy = serializers.CharField(  # noqa: N815 (likewise)
        source="job.cancelled_by", required=False, help_text="Who wants it to stop"
    )


class _JobEndpoint(Endpoint):
    def entities(self, *found: GivenOrder) -> list[dict[str, Any]]:
        """Return orders as entities."""
        return [
            entity(content, self.links(("self", "job", "GET", {"jobId": content["id"]})))
            for content in JobSerializer(found, many=True).data
        ]


class Jobs(_JobEndpoint):
    """The orders of the tenant."""

    roles = {"GET": Role.EXPLOIT}

    @extend_schema(
        summary="List the jobs of orders",
        description=(
            "Returns one page of the tenant's orders about requests, with the progress of each, for as long "
            "as their jobs are kept. An addition to the interface of REGARDS."
        ),
        parameters=page_parameters(given_orders.SORTING),
        responses=page_of(JobSerializer),
    )
    def get(self, call: Call) -> Response:
        """Return a page of orders."""
        page = PageRequest.read(call.query_params, sorting=given_orders.SORTING)
        found = given_orders.page_of(tenant=self.tenant, page=page)
        return self.page(found, self.entities(*found.items))


class OneJob(_JobEndpoint):
    """One order of the tenant."""

    roles = {"GET": Role.EXPLOIT}

    @extend_schema(
        summary="Read the job of an order",
        description=(
            "Returns what was ordered, how far it is, and what came of it. The answer to an order has this "
            "address in its header `Location`. An addition to the interface of REGARDS."
        ),
        responses=entity_of(JobSerializer),
        examples=[OpenApiExample("A retry under way", _EXAMPLE, response_only=True)],
    )
    def get(self, _call: Call, jobId: str) -> Response:  # noqa: N803 (as the contract writes names)
        """Return an order."""
        found = given_orders.find_order(tenant=self.tenant, job_id=uuid(jobId, name="jobId"))
        return Response(self.entities(found)[0])


def routes(service: Service) -> list[URLPattern]:
    """Return the routes of jobs."""
    return [
        route("jobs", Jobs, name="jobs", service=service),
        route("jobs/<str:jobId>", OneJob, name="job", service=service),
    ]
