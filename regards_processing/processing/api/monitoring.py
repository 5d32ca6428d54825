"""Executions, as operators watch them."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from django.urls import URLPattern
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request as Call
from rest_framework.response import Response

from regards_processing.kernel.auth.roles import Role
from regards_processing.kernel.rest.entities import entity
from regards_processing.kernel.rest.fields import DateField, EnumField, read_date
from regards_processing.kernel.rest.filter_serializers import (
    DateRangeSerializer,
    RestrictionSerializer,
    TextRestrictionSerializer,
    ValuesField,
)
from regards_processing.kernel.rest.filters import DateRange, Mode, ValueRestriction
from regards_processing.kernel.rest.openapi import page_parameters
from regards_processing.kernel.rest.pages import PageRequest
from regards_processing.kernel.rest.parameters import BadParameter, names, uuid
from regards_processing.kernel.rest.reach import ReachingEndpoint
from regards_processing.kernel.rest.routes import route
from regards_processing.kernel.rest.services import Service
from regards_processing.kernel.rest.shapes import page_of
from regards_processing.kernel.tenancy.models import Tenant
from regards_processing.processing import searches
from regards_processing.processing.searches import ExecutionFilter
from regards_processing.processing.states import ExecutionStatus
from workers.contract.errors import MalformedMessage

_PAGE_SIZE: Final = 10
_TENANT: Final = OpenApiParameter(
    "tenant", str, required=True, description="That of the token; any, for callers above tenants"
)


class StepSerializer(serializers.Serializer[Any]):
    """One step of an execution."""

    status = EnumField(ExecutionStatus)
    time = DateField(source="at")
    message = serializers.CharField()


class DurationSerializer(serializers.Serializer[Any]):
    """A duration."""

    seconds = serializers.IntegerField()
    nanos = serializers.IntegerField()


class ExecutionSerializer(serializers.Serializer[Any]):
    """An execution."""

    id = serializers.UUIDField()
    executionCorrelationId = serializers.CharField(source="correlation_id")  # noqa: N815 (the contract's name)
    batchId = serializers.UUIDField(source="batch_id")  # noqa: N815 (likewise)
    batchCorrelationId = serializers.CharField(source="batch_correlation_id")  # noqa: N815 (likewise)
    expectedDuration = DurationSerializer(source="told_duration")  # noqa: N815 (likewise)
    inputFiles = serializers.ListField(child=serializers.DictField(), source="input_files")  # noqa: N815 (likewise)
    steps = StepSerializer(many=True, source="told_steps")
    tenant = serializers.CharField(source="tenant.name")
    userName = serializers.CharField(source="user_email")  # noqa: N815 (likewise)
    processBusinessId = serializers.UUIDField(source="process_id")  # noqa: N815 (likewise)
    processName = serializers.CharField(source="process_name", help_text="When it was ordered")  # noqa: N815 (likewise)
    created = DateField()
    lastUpdated = DateField(source="last_updated", help_text="Time of the last step")  # noqa: N815 (likewise)


class ExecutionStatusRestrictionSerializer(RestrictionSerializer):
    """Statuses to keep or to leave out; none means all."""

    values = ValuesField(child=EnumField(ExecutionStatus))

    def validate(self, attrs: Mapping[str, Any]) -> ValueRestriction:
        """Return the filter; an empty one restricts nothing, by contract."""
        return ValueRestriction(values=tuple(attrs["values"]), mode=attrs["mode"])


class ExecutionFilterSerializer(serializers.Serializer[Any]):
    """Which executions are meant: all conditions must hold, and ``{}`` means every one."""

    processBusinessId = serializers.UUIDField(source="process_id", required=False, allow_null=True)  # noqa: N815 (the contract's name)
    userEmail = TextRestrictionSerializer(source="user_email", required=False, allow_null=True)  # noqa: N815 (likewise)
    status = ExecutionStatusRestrictionSerializer(required=False, allow_null=True)
    creationDate = DateRangeSerializer(  # noqa: N815 (likewise)
        source="last_updated",
        required=False,
        allow_null=True,
        help_text="Of the last step, in spite of its name",
    )

    def validate(self, attrs: Mapping[str, Any]) -> ExecutionFilter:
        """Return the filter."""
        status = attrs.get("status")
        return ExecutionFilter(**{**attrs, "status": status if status and status.values else None})


class Executions(ReachingEndpoint):
    """Executions of the tenant, or of the one that a caller above tenants names."""

    roles = {"GET": Role.ADMIN, "POST": Role.ADMIN}

    @extend_schema(
        summary="Search executions",
        request=ExecutionFilterSerializer,
        parameters=[_TENANT, *page_parameters(searches.SORTING, size=_PAGE_SIZE)],
        responses=page_of(ExecutionSerializer),
    )
    def post(self, call: Call) -> Response:
        """Return a page of executions."""
        return self._page(call, self.body(ExecutionFilterSerializer))

    @extend_schema(
        summary="Search executions by parameters",
        parameters=[
            _TENANT,
            OpenApiParameter("status", {"type": "array", "items": {"type": "string"}}, description="Any"),
            OpenApiParameter("userEmail", str, description="The whole address"),
            OpenApiParameter("processBusinessId", str, description="A UUID"),
            OpenApiParameter("from", str, description="First date of the last step"),
            OpenApiParameter("to", str, description="Last date of the last step"),
            *page_parameters(searches.SORTING, size=_PAGE_SIZE),
        ],
        responses=page_of(ExecutionSerializer),
    )
    def get(self, call: Call) -> Response:
        """Return a page of executions."""
        parameters = call.query_params
        email, process_id = parameters.get("userEmail"), parameters.get("processBusinessId")
        statuses = tuple(_status(name) for name in names(parameters, "status"))
        wanted = ExecutionFilter(
            process_id=_process_id(process_id),
            user_email=ValueRestriction(values=(email,), mode=Mode.INCLUDE) if email else None,
            status=ValueRestriction(values=statuses, mode=Mode.INCLUDE) if statuses else None,
            last_updated=DateRange(after=_date(parameters, "from"), before=_date(parameters, "to")),
        )
        return self._page(call, wanted)

    def _page(self, call: Call, wanted: ExecutionFilter) -> Response:
        page = PageRequest.read(call.query_params, sorting=searches.SORTING, size=_PAGE_SIZE)
        found = searches.page_of(tenant=self._named_tenant(), wanted=wanted, page=page)
        shown = ExecutionSerializer(found.items, many=True).data
        return self.page(found, [entity(content) for content in shown])

    def _named_tenant(self) -> Tenant:
        """Return the tenant that the call names, which the caller may ask for."""
        if self.reach is None or not self.request.query_params.get("tenant"):
            raise BadParameter(name="tenant", value="", expected="the name of a tenant")
        return self.reach


def routes(service: Service) -> list[URLPattern]:
    """Return the routes of executions."""
    return [route("monitoring/executions", Executions, name="executions", service=service)]


def _status(name: str) -> ExecutionStatus:
    if name not in ExecutionStatus.values:
        raise BadParameter(name="status", value=name, expected=f"one of {', '.join(ExecutionStatus)}")
    return ExecutionStatus(name)


def _process_id(text: str | None) -> UUID | None:
    return uuid(text, name="processBusinessId") if text else None


def _date(parameters: Mapping[str, str], name: str) -> Any:
    text = parameters.get(name)
    if not text:
        return None
    try:
        return read_date(text)
    except MalformedMessage:
        raise BadParameter(name=name, value=text, expected="a date such as 2025-01-23T14:42:27Z") from None
