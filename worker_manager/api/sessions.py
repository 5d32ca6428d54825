"""What requests count for in their sessions."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.urls import URLPattern
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request as Call
from rest_framework.response import Response

from regards_processing.kernel.auth.roles import Role
from regards_processing.kernel.rest.endpoint import Endpoint
from regards_processing.kernel.rest.entities import entity
from regards_processing.kernel.rest.fields import DateField
from regards_processing.kernel.rest.openapi import page_parameters
from regards_processing.kernel.rest.pages import PageRequest
from regards_processing.kernel.rest.parameters import flag
from regards_processing.kernel.rest.routes import route
from regards_processing.kernel.rest.services import Service
from regards_processing.kernel.rest.shapes import page_of
from worker_manager import session_searches
from worker_manager.events.session_step_changed import STEP_TYPE
from worker_manager.models import SessionStep
from worker_manager.session_counters import STEP_ID


class SessionStateSerializer(serializers.Serializer[Any]):
    """Requests of a session that need something."""

    errors = serializers.IntegerField()  # type: ignore[assignment] # the contract's name; the metaclass takes it away
    waiting = serializers.IntegerField()
    running = serializers.IntegerField()


class SessionStepSerializer(serializers.Serializer[Any]):
    """Our step in a session, as the session dashboard hears of it."""

    stepId = serializers.SerializerMethodField(help_text=f"Always `{STEP_ID}`")  # noqa: N815 (the contract's name)
    source = serializers.CharField()  # type: ignore[assignment] # the contract's name; the metaclass takes it away
    session = serializers.CharField()
    type = serializers.SerializerMethodField(help_text=f"Always `{STEP_TYPE}`")
    inputRelated = serializers.IntegerField(source="input_related")  # noqa: N815 (likewise)
    outputRelated = serializers.IntegerField(source="output_related")  # noqa: N815 (likewise)
    state = SessionStateSerializer(source="*")
    properties = serializers.DictField(child=serializers.CharField(), help_text="Requests by counter")
    lastUpdateDate = DateField(source="last_update_at", help_text="When a counter last changed")  # noqa: N815 (likewise)

    def get_stepId(self, _step: SessionStep) -> str:  # noqa: N802 (named after the field)
        """Return the name of our step."""
        return STEP_ID

    def get_type(self, _step: SessionStep) -> str:
        """Return the kind of our step."""
        return STEP_TYPE


class Sessions(Endpoint):
    """The sessions of the tenant, as far as its requests count in them."""

    roles = {"GET": Role.EXPLOIT}

    @extend_schema(
        summary="List sessions",
        description=(
            "Returns one page of the steps of sessions, each as the session dashboard last heard of it. "
            "An addition to the interface of REGARDS."
        ),
        parameters=[
            OpenApiParameter("source", OpenApiTypes.STR, description="Part of the name of the source"),
            OpenApiParameter("session", OpenApiTypes.STR, description="Part of the name of the session"),
            OpenApiParameter("exact", OpenApiTypes.BOOL, description="The names are whole, not parts"),
            *page_parameters(session_searches.SORTING),
        ],
        responses=page_of(SessionStepSerializer),
    )
    def get(self, call: Call) -> Response:
        """Return a page of sessions."""
        asked = call.query_params
        found = session_searches.page_of(
            tenant=self.tenant,
            source=asked.get("source"),
            session=asked.get("session"),
            exact=flag(asked.get("exact"), name="exact"),
            page=PageRequest.read(asked, sorting=session_searches.SORTING),
        )
        steps = SessionStepSerializer(list(found.items), many=True).data
        return self.page(found, [entity(step, [self._itself(step)]) for step in steps])

    def _itself(self, step: Mapping[str, Any]) -> dict[str, str]:
        name = urlencode({"source": step["source"], "session": step["session"], "exact": "true"})
        return {"rel": "self", "href": f"{self.href('sessions', {})}?{name}"}


def routes(service: Service) -> list[URLPattern]:
    """Return the route of sessions."""
    return [route("sessions", Sessions, name="sessions", service=service)]
