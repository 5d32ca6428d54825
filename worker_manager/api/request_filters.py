"""The filter of requests, as clients write it."""

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from regards_processing.kernel.db.text_lookups import MatchMode
from regards_processing.kernel.rest.fields import EnumField
from regards_processing.kernel.rest.filter_serializers import (
    DateRangeSerializer,
    IdRestrictionSerializer,
    RestrictionSerializer,
    TextFilterField,
    TextRestrictionSerializer,
    ValuesField,
)
from worker_manager.request_filter import RequestFilter
from worker_manager.states import RequestStatus


class StatusRestrictionSerializer(RestrictionSerializer):
    """Statuses to keep or to leave out."""

    values = ValuesField(child=EnumField(RequestStatus))


@extend_schema_serializer(
    examples=[
        OpenApiExample("Every request", value={}, request_only=True),
        OpenApiExample(
            "Failed requests of a session",
            value={
                "source": "acme",
                "session": "2025-06",
                "statuses": {"values": ["ERROR", "INVALID_CONTENT"], "mode": "INCLUDE"},
                "creationDate": {"after": "2025-06-01T00:00:00Z", "before": "2025-07-01T00:00:00Z"},
            },
            request_only=True,
        ),
        OpenApiExample(
            "All but two",
            value={"ids": {"values": [12, 13], "mode": "EXCLUDE"}},
            request_only=True,
        ),
        OpenApiExample(
            "Two by the ids of clients",
            value={"requestIds": {"values": ["r-17", "r-18"], "mode": "INCLUDE"}},
            request_only=True,
        ),
    ]
)
class RequestFilterSerializer(serializers.Serializer[Any]):
    """Which requests are meant: all conditions must hold, and ``{}`` means every request.

    ``ids`` are the technical ids (``id``); ``requestIds`` are the clients', and ``requestId`` is one of them,
    as a whole.
    """

    #: What the filter is read into.
    filter_class = RequestFilter

    source = TextFilterField()  # type: ignore[assignment] # the contract's name; the metaclass takes it away
    session = TextFilterField()
    dispatchedWorkerType = TextFilterField(source="dispatched_worker_type")  # noqa: N815 (the contract's name)
    contentTypes = TextRestrictionSerializer(source="content_types", required=False, allow_null=True)  # noqa: N815 (likewise)
    statuses = StatusRestrictionSerializer(required=False, allow_null=True)
    ids = IdRestrictionSerializer(required=False, allow_null=True)
    # An order without an id would mean every request: an empty one is no way to say so.
    requestId = TextFilterField(source="request_id", match_mode=MatchMode.STRICT, allow_blank=False)  # noqa: N815 (likewise)
    requestIds = TextRestrictionSerializer(source="request_ids", required=False, allow_null=True)  # noqa: N815 (likewise)
    creationDate = DateRangeSerializer(source="creation_date", required=False, allow_null=True)  # noqa: N815 (likewise)

    def validate(self, attrs: Mapping[str, Any]) -> RequestFilter:
        """Return the filter."""
        return self.filter_class(**attrs)


class OrderFilterSerializer(RequestFilterSerializer):
    """The requests that an order means: all conditions must hold, and only ``{}`` means every request.

    A body of which no field is known is refused: a misspelt condition would have every request deleted.
    """

    def to_internal_value(self, data: Any) -> Any:
        """Read the conditions."""
        if isinstance(data, Mapping) and data and self.fields.keys().isdisjoint(data):
            known = ", ".join(self.fields)
            raise serializers.ValidationError({str(next(iter(data))): [f"Unknown; allowed are {known}"]})
        return super().to_internal_value(data)
