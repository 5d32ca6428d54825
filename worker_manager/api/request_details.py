"""A request in full, and its contents to download."""

from typing import Any, Final

from django.http import HttpResponse
from django.urls import URLPattern
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request as Call
from rest_framework.response import Response

from regards_processing.kernel import clock
from regards_processing.kernel.auth.roles import Role
from regards_processing.kernel.rest.downloads import download
from regards_processing.kernel.rest.endpoint import Endpoint
from regards_processing.kernel.rest.entities import entity
from regards_processing.kernel.rest.fields import DateField, EnumField
from regards_processing.kernel.rest.parameters import BadParameter
from regards_processing.kernel.rest.routes import route
from regards_processing.kernel.rest.services import Service
from regards_processing.kernel.rest.shapes import entity_of
from worker_manager.api.reasons import ReasonSerializer
from worker_manager.api.requests import RequestSerializer
from worker_manager.api.trails import AttemptsField, RoundField, StepsField
from worker_manager.plan_progress import StepState
from worker_manager.services.request_details import RequestDetails, Which, content_of, describe

_EXAMPLE: Final = {
    "content": {
        "id": 12,
        "requestId": "r-17",
        "creationDate": "2025-01-23T14:42:27.120451Z",
        "contentType": "ingest",
        "source": "acme",
        "session": "2025-06",
        "status": "RUNNING",
        "dispatchedWorkerType": "unzip-worker",
        "stepNumber": 1,
        "stepWorkerType": "unzip-worker",
        "workflowType": "ingest",
        "plan": [
            {"stepNumber": 1, "workerTypes": ["unzip-worker"], "state": "CURRENT"},
            {"stepNumber": 2, "workerTypes": ["sip-worker"], "state": "AHEAD"},
        ],
        "attempts": 1,
        "failedAttempts": 0,
        "movedAt": "2025-01-23T14:42:28.12Z",
        "deadlineAt": "2025-01-23T20:42:28.12Z",
        "workerId": "unzip-worker-7",
        "priority": 0,
        "headers": {},
        "contents": {
            "current": {
                "size": 16,
                "sha256": "2c26b46b68ffc68ff99b453c1d304134…",
            },
            "original": {
                "size": 16,
                "sha256": "2c26b46b68ffc68ff99b453c1d304134…",
            },
        },
        "steps": [],
        "trail": [],
        "reasons": [],
    },
    "links": [{"rel": "self", "href": "https://host/api/v1/rs-worker-manager/requests/r-17/details"}],
}


class PlannedStepSerializer(serializers.Serializer[Any]):
    """A step of the plan of a request."""

    stepNumber = serializers.IntegerField(source="number")  # noqa: N815 (as in the contract)
    workerTypes = serializers.ListField(  # noqa: N815 (likewise)
        source="worker_types", child=serializers.CharField(), help_text="Several work in parallel"
    )
    state = EnumField(StepState)
    onlyIf = serializers.CharField(  # noqa: N815 (likewise)
        source="condition", required=False, help_text="Where this did not hold, the step is left out"
    )
    repeated = serializers.CharField(source="loop", required=False, help_text="The loop that it is in")
    round = RoundField()


class MeasuredSerializer(serializers.Serializer[Any]):
    """A content, without its bytes."""

    size = serializers.IntegerField(help_text="Bytes")
    sha256 = serializers.CharField(help_text="Digest, in hexadecimal digits")
    place = serializers.CharField(
        required=False, help_text="Its file in the shared storage; absent for a content in the database"
    )


class ContentsSerializer(serializers.Serializer[Any]):
    """The contents of a request."""

    current = MeasuredSerializer(help_text="What the step that it is at gets")
    original = MeasuredSerializer(help_text="What the client sent")


class RequestRowSerializer(RequestSerializer):
    """What is stored of a request on its way, but for its contents and its plan."""

    stepNumber = serializers.IntegerField(source="step_number")  # noqa: N815 (as in the contract)
    stepWorkerType = serializers.CharField(  # noqa: N815 (likewise)
        source="step_worker_type", required=False, help_text="Worker type that its step needs"
    )
    round = RoundField()
    attempts = serializers.IntegerField(source="attempt", help_text="Dispatches so far, over all steps")
    failedAttempts = serializers.IntegerField(source="lost_attempts", help_text="Of its step")  # noqa: N815 (likewise)
    movedAt = DateField(source="moved_at", help_text="Last dispatch or sign of life")  # noqa: N815 (likewise)
    dueAt = DateField(source="due_at", required=False, help_text="When it is to be dispatched")  # noqa: N815 (likewise)
    deadlineAt = DateField(  # noqa: N815 (likewise)
        source="deadline_at", required=False, help_text="When the watchdog ends the attempt"
    )
    workerId = serializers.CharField(source="worker_id", required=False, help_text="Instance that runs it")  # noqa: N815 (likewise)
    priority = serializers.IntegerField()
    headers = serializers.DictField(
        child=serializers.CharField(), required=False, help_text="For its step, from the one before"
    )
    steps = StepsField(source="trail", help_text="The steps that it took so far")
    trail = AttemptsField(help_text="The attempts that are known, oldest first")


class RequestDetailsSerializer(RequestRowSerializer):
    """A request on its way, in full."""

    workflowType = serializers.CharField(required=False, help_text="Absent for a single worker type")  # noqa: N815 (likewise)
    plan = PlannedStepSerializer(many=True, help_text="Its steps, and how far it is")
    contents = ContentsSerializer()
    reasons = ReasonSerializer(many=True, help_text="Why it is where it is")


class OneRequestInFull(Endpoint):
    """One request of the tenant, in full."""

    roles = {"GET": Role.EXPLOIT}

    @extend_schema(
        summary="Read a request in full",
        description=(
            "Returns everything that is known of a request: steps, attempts with their times, headers, "
            "sizes and digests of its contents, and why it is where it is. "
            "An addition to the interface of REGARDS."
        ),
        responses=entity_of(RequestDetailsSerializer),
        examples=[OpenApiExample("A request that is at work", _EXAMPLE, response_only=True)],
    )
    def get(self, _call: Call, requestId: str) -> Response:  # noqa: N803 (the contract's name)
        """Return a request in full."""
        found = describe(tenant=self.tenant, request_id=requestId, at=clock.now())
        address = {"requestId": requestId}
        links = self.links(
            ("self", "request-details", "GET", address),
            ("request", "request", "GET", address),
            ("reasons", "request-reasons", "GET", address),
            ("content", "request-content", "GET", address),
        )
        return Response(entity(_shown(found), links))


class RequestContent(Endpoint):
    """A content of a request of the tenant, byte for byte."""

    roles = {"GET": Role.EXPLOIT}

    def perform_content_negotiation(self, request: Call, force: bool = False) -> Any:  # noqa: ARG002, FBT001, FBT002 (the framework's signature)
        """Take every wish for a media type: there is one form, and errors are JSON."""
        return super().perform_content_negotiation(request, force=True)

    @extend_schema(
        summary="Download a content",
        description=(
            "Returns the bytes that the step gets that the request is at, or those that the client sent. "
            "An addition to the interface of REGARDS."
        ),
        parameters=[
            OpenApiParameter("which", enum=[which.value for which in Which], default=Which.CURRENT.value)
        ],
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY},
    )
    def get(self, call: Call, requestId: str) -> HttpResponse:  # noqa: N803 (the contract's name)
        """Return the bytes."""
        which = _which(call.query_params.get("which"))
        content = content_of(tenant=self.tenant, request_id=requestId, which=which)
        return download(content, name=requestId, ending=f"{which.value}.bin")


def _shown(found: RequestDetails) -> dict[str, Any]:
    shown = dict(RequestRowSerializer(found.request).data)
    shown["workflowType"] = found.plan.workflow_type if found.plan else None
    shown["plan"] = PlannedStepSerializer(found.steps, many=True).data
    shown["contents"] = ContentsSerializer(found).data
    shown["reasons"] = ReasonSerializer(found.reasons, many=True).data
    return shown


def _which(text: str | None) -> Which:
    try:
        return Which(text or Which.CURRENT)
    except ValueError:
        allowed = f"one of {', '.join(which.value for which in Which)}"
        raise BadParameter(name="which", value=str(text), expected=allowed) from None


def routes(service: Service) -> list[URLPattern]:
    """Return the routes of requests in full."""
    details = "requests/<key:requestId>/details"
    content = "requests/<key:requestId>/content"
    return [
        route(details, OneRequestInFull, name="request-details", service=service),
        route(content, RequestContent, name="request-content", service=service),
    ]
