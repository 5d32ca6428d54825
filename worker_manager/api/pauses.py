"""Pause and resume worker types and content types; see what is paused."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from django.urls import URLPattern
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request as Call
from rest_framework.response import Response

from regards_processing.kernel import clock
from regards_processing.kernel.auth.roles import Role
from regards_processing.kernel.rest.entities import entity
from regards_processing.kernel.rest.fields import DateField
from regards_processing.kernel.rest.reach import TENANT, ReachingEndpoint
from regards_processing.kernel.rest.routes import route
from regards_processing.kernel.rest.services import Service
from regards_processing.kernel.rest.shapes import entity_of, list_of
from worker_manager.models import PauseKind
from worker_manager.services import pauses

_WHOSE: Final = (
    "For the requests of the caller's tenant. Callers above tenants name a tenant, or mean everybody: that "
    "is another pause, which tenants see and cannot end."
)
_HELD: Final = f"Its requests are held; those in flight go on. Pausing twice changes nothing. {_WHOSE}"
_GO: Final = f"What was held goes as far as there is a place, at once. {_WHOSE}"
_EXAMPLE: Final = {
    "kind": "WORKER_TYPE",
    "name": "unzip-worker",
    "tenant": "demo",
    "pausedBy": "ada@example.org",
    "since": "2025-01-23T14:42:27.12Z",
    "inFlight": 3,
    "held": 120,
}


class PauseSerializer(serializers.Serializer[Any]):
    """One pause."""

    kind = serializers.ChoiceField(PauseKind.choices)
    name = serializers.CharField(help_text="The worker type or content type")
    tenant = serializers.CharField(required=False, help_text="Whose requests are held; absent: everybody's")
    pausedBy = serializers.CharField()  # noqa: N815 (ours, as the contract writes names)
    since = DateField()
    inFlight = serializers.IntegerField(  # noqa: N815 (likewise)
        help_text="Requests that workers still have: it drains while there are any"
    )
    held = serializers.IntegerField(help_text="Requests that wait to be dispatched")


class ResumedSerializer(serializers.Serializer[Any]):
    """What became of a pause."""

    resumed = serializers.BooleanField(help_text="Whether it was paused")


class Pauses(ReachingEndpoint):
    """What is paused."""

    roles = {"GET": Role.EXPLOIT}

    @extend_schema(
        summary="List pauses",
        description="Those of the caller's tenant and of the platform, with the requests of the tenant.",
        parameters=[TENANT],
        responses=list_of(PauseSerializer),
        examples=[OpenApiExample("Draining", {"content": _EXAMPLE, "links": []}, response_only=True)],
    )
    def get(self, _call: Call) -> Response:
        """Return the pauses, by kind and name."""
        found = pauses.list_pauses(tenant=self.reach)
        return Response([entity(PauseSerializer(row).data) for row in found])


class _Switch(ReachingEndpoint):
    """What all of them share; a path has one part, which names what is meant."""

    roles = {"POST": Role.ADMIN}
    kind: ClassVar[PauseKind]

    def _meant(self, named: Mapping[str, str]) -> dict[str, Any]:
        (name,) = named.values()
        return {
            "kind": self.kind,
            "name": name,
            "tenant": self.reach,
            "actor": self.actor,
            "at": clock.now(),
        }


class _Pause(_Switch):
    def post(self, _call: Call, **named: str) -> Response:
        """Send no more of it."""
        return Response(entity(PauseSerializer(pauses.pause(**self._meant(named))).data))


class _Resume(_Switch):
    def post(self, _call: Call, **named: str) -> Response:
        """Send again."""
        return Response(entity({"resumed": pauses.resume(**self._meant(named))}))


def _described(summary: str, description: str, answer: type[serializers.Serializer[Any]]) -> Any:
    said = extend_schema(
        summary=summary,
        description=description,
        parameters=[TENANT],
        request=None,
        responses=entity_of(answer),
    )
    return extend_schema_view(post=said)


@_described("Pause a worker type", _HELD, PauseSerializer)
class PauseWorkerType(_Pause):
    """Pauses a worker type."""

    kind = PauseKind.WORKER_TYPE


@_described("Resume a worker type", _GO, ResumedSerializer)
class ResumeWorkerType(_Resume):
    """Resumes a worker type."""

    kind = PauseKind.WORKER_TYPE


@_described("Pause a content type", _HELD, PauseSerializer)
class PauseContentType(_Pause):
    """Pauses a content type."""

    kind = PauseKind.CONTENT_TYPE


@_described("Resume a content type", _GO, ResumedSerializer)
class ResumeContentType(_Resume):
    """Resumes a content type."""

    kind = PauseKind.CONTENT_TYPE


def routes(service: Service) -> list[URLPattern]:
    """Return the routes of pauses."""
    switches = (
        ("workers/<key:workerType>/pause", PauseWorkerType, "worker-pause"),
        ("workers/<key:workerType>/resume", ResumeWorkerType, "worker-resume"),
        ("content-types/<key:contentType>/pause", PauseContentType, "content-type-pause"),
        ("content-types/<key:contentType>/resume", ResumeContentType, "content-type-resume"),
    )
    return [
        route("pauses", Pauses, name="pauses", service=service),
        *(route(path, view, name=name, service=service) for path, view, name in switches),
    ]
