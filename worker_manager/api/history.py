"""Requests that have ended, as operators see them."""

from typing import Any, Final

from django.urls import URLPattern
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request as Call
from rest_framework.response import Response

from regards_processing.kernel.auth.roles import Role
from regards_processing.kernel.db.text_lookups import MatchMode
from regards_processing.kernel.rest.endpoint import Endpoint
from regards_processing.kernel.rest.entities import entity
from regards_processing.kernel.rest.fields import DateField, EnumField
from regards_processing.kernel.rest.filter_serializers import DateRangeSerializer, TextFilterField
from regards_processing.kernel.rest.openapi import page_parameters
from regards_processing.kernel.rest.pages import PageRequest
from regards_processing.kernel.rest.routes import route
from regards_processing.kernel.rest.services import Service
from regards_processing.kernel.rest.shapes import list_of, page_of
from worker_manager import history_searches
from worker_manager.api.request_filters import RequestFilterSerializer
from worker_manager.api.trails import AttemptsField, StepsField
from worker_manager.history_filter import HistoryFilter
from worker_manager.models import FinishedRequest
from worker_manager.states import RequestStatus

_PAGE_SIZE: Final = 10
_EXAMPLE: Final = {
    "content": {
        "id": 12,
        "requestId": "r-17",
        "creationDate": "2025-01-23T14:42:27.12Z",
        "endDate": "2025-01-23T14:42:31.12Z",
        "contentType": "unzip",
        "source": "acme",
        "session": "2025-06",
        "status": "SUCCESS",
        "dispatchedWorkerType": "unzip-worker",
        "workerId": "unzip-worker-7",
        "priority": 0,
        "attempts": 1,
        "steps": [
            {
                "stepNumber": 0,
                "workerType": "unzip-worker",
                "attempts": 1,
                "dispatchedAt": "2025-01-23T14:42:27.12Z",
                "endedAt": "2025-01-23T14:42:31.12Z",
                "queueSeconds": 0.5,
                "runSeconds": 3.5,
                "outcome": "SUCCESS",
            }
        ],
    },
    "links": [{"rel": "self", "href": "https://host/api/v1/rs-worker-manager/history/r-17"}],
}


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "What succeeded in an hour",
            value={
                "statuses": {"values": ["SUCCESS"], "mode": "INCLUDE"},
                "endDate": {"after": "2025-06-01T12:00:00Z", "before": "2025-06-01T13:00:00Z"},
            },
            request_only=True,
        )
    ]
)
class HistoryFilterSerializer(RequestFilterSerializer):
    """Which finished requests are meant: all conditions must hold, and ``{}`` means every one.

    ``ids`` are the technical ids (``id``) of the history; ``requestIds`` are the clients', and ``requestId``
    is one of them, as a whole; an empty one is no restriction.
    """

    #: What the filter is read into.
    filter_class = HistoryFilter

    requestId = TextFilterField(source="request_id", match_mode=MatchMode.STRICT)  # noqa: N815 (the contract's name)
    endDate = DateRangeSerializer(source="end_date", required=False, allow_null=True)  # noqa: N815 (likewise)


class FinishedRequestSerializer(serializers.Serializer[Any]):
    """What is left of a request."""

    id = serializers.IntegerField(help_text="Technical id in the history, for filters")
    requestId = serializers.CharField(source="request_id", help_text="The client's id")  # noqa: N815 (the contract's name)
    creationDate = DateField(source="creation_date", help_text="When it was received")  # noqa: N815 (likewise)
    endDate = DateField(source="finished_at", help_text="When it ended")  # noqa: N815 (likewise)
    contentType = serializers.CharField(source="content_type")  # noqa: N815 (likewise)
    source = serializers.CharField()  # type: ignore[assignment] # the contract's name; the metaclass takes it away
    session = serializers.CharField()
    status = EnumField(RequestStatus, help_text="How it ended; `TO_DELETE` when an operator deleted it")
    dispatchedWorkerType = serializers.CharField(  # noqa: N815 (likewise)
        source="worker_type", required=False, help_text="Worker type that it was last sent to"
    )
    workerId = serializers.CharField(  # noqa: N815 (likewise)
        source="worker_id", required=False, help_text="Instance that had it last"
    )
    error = serializers.CharField(required=False, help_text="Why it failed")
    priority = serializers.IntegerField(help_text="0 for most requests; the higher, the sooner")
    attempts = serializers.IntegerField(help_text="Dispatches, over all steps")
    steps = StepsField(source="trail", help_text="The steps that it took")


class FinishedRequestInFullSerializer(FinishedRequestSerializer):
    """What is left of a request, with each attempt."""

    trail = AttemptsField(help_text="The attempts that are known, oldest first")


class _HistoryEndpoint(Endpoint):
    shape: type[FinishedRequestSerializer] = FinishedRequestSerializer

    def entities(self, found: "list[FinishedRequest]") -> list[dict[str, Any]]:
        """Return finished requests as entities."""
        readable = self.may("finished-request", verb="GET")
        return [
            entity(content, self._links(one) if readable else [])
            for one, content in zip(found, self.shape(found, many=True).data, strict=True)
        ]

    def _links(self, finished: FinishedRequest) -> list[dict[str, str]]:
        href = self.href("finished-request", {"requestId": finished.request_id})
        return [{"rel": "self", "href": href}]


class SearchHistory(_HistoryEndpoint):
    """Finished requests of the tenant, by filter."""

    roles = {"POST": Role.EXPLOIT}

    @extend_schema(
        summary="Search the history",
        description=(
            "Returns one page of the finished requests that meet every condition of the body. "
            "An addition to the interface of REGARDS."
        ),
        request=HistoryFilterSerializer,
        parameters=page_parameters(history_searches.SORTING, size=_PAGE_SIZE),
        responses=page_of(FinishedRequestSerializer),
    )
    def post(self, call: Call) -> Response:
        """Return a page of finished requests."""
        page = PageRequest.read(call.query_params, sorting=history_searches.SORTING, size=_PAGE_SIZE)
        wanted = self.body(HistoryFilterSerializer)
        found = history_searches.page_of(tenant=self.tenant, wanted=wanted, page=page)
        return self.page(found, self.entities(list(found.items)))


class OneFinishedRequest(_HistoryEndpoint):
    """What is left of a request of the tenant."""

    roles = {"GET": Role.EXPLOIT}
    shape = FinishedRequestInFullSerializer

    @extend_schema(
        summary="Read the history of a request",
        description=(
            "Returns what is left of the requests that had this id, newest first: the id of a finished "
            f"request may be used again. At most {history_searches.MAX_LIVES}. "
            "An addition to the interface of REGARDS."
        ),
        responses=list_of(FinishedRequestInFullSerializer),
        examples=[OpenApiExample("A request that succeeded", [_EXAMPLE], response_only=True)],
    )
    def get(self, _call: Call, requestId: str) -> Response:  # noqa: N803 (the contract's name)
        """Return the finished requests of an id."""
        found = history_searches.by_request_id(tenant=self.tenant, request_id=requestId)
        return Response(self.entities(found))


def routes(service: Service) -> list[URLPattern]:
    """Return the routes of the history."""
    return [
        route("history", SearchHistory, name="history", service=service),
        route("history/<key:requestId>", OneFinishedRequest, name="finished-request", service=service),
    ]
