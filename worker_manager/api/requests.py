"""Requests, as operators see them."""

from typing import Any, Final

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request as Call
from rest_framework.response import Response

from regards_processing.kernel.auth.roles import Role
from regards_processing.kernel.rest.endpoint import Endpoint
from regards_processing.kernel.rest.entities import Link, entity
from regards_processing.kernel.rest.fields import DateField, EnumField
from regards_processing.kernel.rest.openapi import page_parameters
from regards_processing.kernel.rest.pages import PageRequest
from regards_processing.kernel.rest.shapes import entity_of, page_of
from worker_manager import searches
from worker_manager.api.request_filters import RequestFilterSerializer
from worker_manager.models import Request
from worker_manager.states import UP_TO_OPERATORS, RequestStatus

_PAGE_SIZE: Final = 10
_EXAMPLE: Final = {
    "content": {
        "id": 12,
        "requestId": "r-17",
        "creationDate": "2025-01-23T14:42:27.120451Z",
        "contentType": "unzip",
        "source": "acme",
        "session": "2025-06",
        "status": "ERROR",
        "dispatchedWorkerType": "unzip-worker",
        "error": "disk full",
    },
    "links": [{"rel": "self", "href": "https://host/api/v1/rs-worker-manager/requests/r-17"}],
}


class RequestSerializer(serializers.Serializer[Any]):
    """A request on its way; finished ones are gone."""

    id = serializers.IntegerField(help_text="Technical id, for filters")
    requestId = serializers.CharField(source="request_id", help_text="The client's id")  # noqa: N815 (the contract's name)
    creationDate = DateField(source="creation_date", help_text="When it was received")  # noqa: N815 (likewise)
    contentType = serializers.CharField(source="content_type")  # noqa: N815 (likewise)
    source = serializers.CharField()  # type: ignore[assignment] # the contract's name; the metaclass takes it away
    session = serializers.CharField()
    status = EnumField(RequestStatus)
    dispatchedWorkerType = serializers.CharField(  # noqa: N815 (likewise)
        source="dispatched_worker_type", required=False, help_text="Worker type that it was last sent to"
    )
    error = serializers.CharField(required=False, help_text="Why it failed")


class _RequestEndpoint(Endpoint):
    def entities(self, *found: Request) -> list[dict[str, Any]]:
        """Return requests as entities; an order is linked where it makes sense and the caller may give it."""
        readable = self.may("request", verb="GET")
        orders = self.links(
            ("retry", "requests-retry", "POST", {}), ("delete", "requests-delete", "DELETE", {})
        )
        below = [rel for rel in ("details", "content") if self.may(f"request-{rel}", verb="GET")]
        shown = RequestSerializer(found, many=True).data
        return [
            entity(content, self._links(one, readable=readable, below=below, orders=orders))
            for one, content in zip(found, shown, strict=True)
        ]

    def _links(self, request: Request, *, readable: bool, below: list[str], orders: list[Link]) -> list[Link]:
        address = self.href("request", {"requestId": request.request_id})
        own = [{"rel": rel, "href": address} for rel in ("self", "list") if readable]
        own += [{"rel": rel, "href": f"{address}/{rel}"} for rel in below]
        return [*own, *orders] if request.status in UP_TO_OPERATORS else [*own]


class SearchRequests(_RequestEndpoint):
    """Requests of the tenant, by filter."""

    roles = {"POST": Role.EXPLOIT}

    @extend_schema(
        summary="Search requests",
        description="Returns one page of the requests that meet every condition of the body.",
        request=RequestFilterSerializer,
        parameters=page_parameters(searches.SORTING, size=_PAGE_SIZE),
        responses=page_of(RequestSerializer),
    )
    def post(self, call: Call) -> Response:
        """Return a page of requests."""
        page = PageRequest.read(call.query_params, sorting=searches.SORTING, size=_PAGE_SIZE)
        wanted = self.body(RequestFilterSerializer)
        found = searches.page_of(tenant=self.tenant, wanted=wanted, page=page)
        return self.page(found, self.entities(*found.items))


class OneRequest(_RequestEndpoint):
    """One request of the tenant."""

    roles = {"GET": Role.EXPLOIT}

    @extend_schema(
        summary="Read a request",
        description="Returns a request by the client's id.",
        responses=entity_of(RequestSerializer),
        examples=[OpenApiExample("A failed request", _EXAMPLE, response_only=True)],
    )
    def get(self, call: Call, requestId: str) -> Response:  # noqa: ARG002, N803 (the contract's name)
        """Return a request."""
        found = searches.by_request_id(tenant=self.tenant, request_id=requestId)
        return Response(self.entities(found)[0])
