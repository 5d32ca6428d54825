"""Why a request is where it is."""

from typing import Any, Final

from django.urls import URLPattern
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request as Call
from rest_framework.response import Response

from regards_processing.kernel import clock
from regards_processing.kernel.auth.roles import Role
from regards_processing.kernel.rest.endpoint import Endpoint
from regards_processing.kernel.rest.entities import entity
from regards_processing.kernel.rest.fields import EnumField
from regards_processing.kernel.rest.routes import route
from regards_processing.kernel.rest.services import Service
from regards_processing.kernel.rest.shapes import entity_of
from worker_manager.reasons import ReasonCode
from worker_manager.services.explanation import explain
from worker_manager.states import RequestStatus

_EXAMPLE: Final = {
    "content": {
        "requestId": "r-17",
        "status": "NO_WORKER_AVAILABLE",
        "reasons": [
            {
                "code": "NO_LIVE_WORKER",
                "text": "No live worker of type unzip: the last one was heard at 2025-01-23T14:42:27.12Z",
                "facts": {"workerType": "unzip", "lastBeat": "2025-01-23T14:42:27.12Z"},
            }
        ],
    },
    "links": [{"rel": "self", "href": "https://host/api/v1/rs-worker-manager/requests/r-17/reasons"}],
}


class ReasonSerializer(serializers.Serializer[Any]):
    """One reason why a request is where it is."""

    code = EnumField(ReasonCode, help_text="For machines")
    text = serializers.CharField(help_text="For people")
    facts = serializers.DictField(help_text="What the text is made of; which, depends on the code")


class ExplanationSerializer(serializers.Serializer[Any]):
    """A request, and why it is where it is."""

    requestId = serializers.CharField(source="request_id", help_text="The client's id")  # noqa: N815 (the contract's name)
    status = EnumField(RequestStatus)
    reasons = ReasonSerializer(many=True, help_text="What matters most comes first")


class RequestReasons(Endpoint):
    """Why a request of the tenant is where it is."""

    roles = {"GET": Role.EXPLOIT}

    @extend_schema(
        summary="Explain a request",
        description=(
            "Says why a request that has not ended is where it is: at least one reason. "
            "An addition to the interface of REGARDS."
        ),
        responses=entity_of(ExplanationSerializer),
        examples=[OpenApiExample("A request whose fleet is down", _EXAMPLE, response_only=True)],
    )
    def get(self, _call: Call, requestId: str) -> Response:  # noqa: N803 (the contract's name)
        """Return why a request waits."""
        found = explain(tenant=self.tenant, request_id=requestId, at=clock.now())
        links = self.links(("self", "request-reasons", "GET", {"requestId": requestId}))
        return Response(entity(ExplanationSerializer(found).data, links))


def routes(service: Service) -> list[URLPattern]:
    """Return the routes of reasons."""
    return [
        route("requests/<key:requestId>/reasons", RequestReasons, name="request-reasons", service=service)
    ]
