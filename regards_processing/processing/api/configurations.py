"""How processes are configured: their plugins, and who may order them."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import re2
from django.conf import settings
from django.urls import URLPattern
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request as Call
from rest_framework.response import Response

from regards_processing.kernel import clock
from regards_processing.kernel.auth.roles import Role
from regards_processing.kernel.rest.endpoint import Endpoint
from regards_processing.kernel.rest.entities import entity
from regards_processing.kernel.rest.parameters import BadParameter, uuid
from regards_processing.kernel.rest.routes import route
from regards_processing.kernel.rest.services import Service
from regards_processing.kernel.rest.shapes import entity_of, list_of
from regards_processing.processing import queries
from regards_processing.processing.api.refusals import NOT_FOUND, TAKEN, UNFIT
from regards_processing.processing.plugin_values import ConfiguredProcess
from regards_processing.processing.services import plugin_configurations, processes
from regards_processing.processing.shapes import ConfiguredProcessSerializer, NewProcessSerializer

_NAME_LIKE = "processNameLike"


class _ConfigurationEndpoint(Endpoint):
    def entities(self, *found: ConfiguredProcess) -> list[dict[str, Any]]:
        """Return processes as entities; one that is at work, or that others use, cannot be deleted."""
        ids = [process.process_id for process in found]
        at_work = queries.processes_in_use(tenant=self.tenant, process_ids=ids)
        used = plugin_configurations.users(tenant=self.tenant)
        return [
            self._entity(process, used=process.process_id in at_work or process.plugin.business_id in used)
            for process in found
        ]

    def _entity(self, process: ConfiguredProcess, *, used: bool) -> dict[str, Any]:
        key = {"processBusinessId": process.process_id}
        verbs = {"self": "GET", "update": "PUT"} | ({} if used else {"delete": "DELETE"})
        links = self.links(*((rel, "process-configuration", verb, key) for rel, verb in verbs.items()))
        return entity(process.to_json(), links)


class Configurations(_ConfigurationEndpoint):
    """All configured processes of the tenant."""

    roles = {"GET": Role.REGISTERED_USER, "POST": Role.ADMIN}

    @extend_schema(
        summary="List configured processes",
        description="Returns those processes of the tenant whose role the caller's role includes, by label.",
        parameters=[OpenApiParameter(_NAME_LIKE, str, description="Regular expression to find in the label")],
        responses=list_of(ConfiguredProcessSerializer),
    )
    def get(self, call: Call) -> Response:
        """Return the processes."""
        wanted = _pattern(call.query_params)
        found = [one for one in queries.processes(tenant=self.tenant) if self.includes(one.rights.role)]
        matching = [one for one in found if wanted is None or wanted.search(one.plugin.label)]
        return Response(self.entities(*matching))

    @extend_schema(
        summary="Configure a process",
        description=(
            "Makes a process of a new plugin configuration; with a `businessId`, of the configuration that "
            "has it already, and then only `rights` is taken."
        ),
        request=NewProcessSerializer,
        responses={201: entity_of(ConfiguredProcessSerializer), 404: NOT_FOUND, 409: TAKEN},
    )
    def post(self, _call: Call) -> Response:
        """Make the process."""
        wanted = self.body(NewProcessSerializer)
        made = processes.create_process(
            tenant=self.tenant,
            plugin=wanted["plugin"],
            rights=wanted["rights"],
            actor=self.actor,
            at=clock.now(),
        )
        return Response(self.entities(made)[0], status=201)


class OneConfiguration(_ConfigurationEndpoint):
    """One configured process of the tenant."""

    roles = {"GET": Role.REGISTERED_USER, "PUT": Role.ADMIN, "DELETE": Role.ADMIN}

    @extend_schema(summary="Read a configured process", responses=entity_of(ConfiguredProcessSerializer))
    def get(self, _call: Call, processBusinessId: str) -> Response:  # noqa: N803 (the contract's name)
        """Return the process."""
        found = queries.process(tenant=self.tenant, process_id=_process_id(processBusinessId))
        return Response(self.entities(found)[0])

    @extend_schema(
        summary="Change a configured process",
        request=ConfiguredProcessSerializer,
        responses=entity_of(ConfiguredProcessSerializer),
    )
    def put(self, _call: Call, processBusinessId: str) -> Response:  # noqa: N803 (likewise)
        """Change plugin configuration and rights."""
        wanted = self.body(ConfiguredProcessSerializer)
        changed = processes.update_process(
            tenant=self.tenant,
            process_id=_process_id(processBusinessId),
            plugin=wanted["plugin"],
            rights=wanted["rights"],
            keep_links=settings.PROCESS_LINKS_KEPT,
            actor=self.actor,
            at=clock.now(),
        )
        return Response(self.entities(changed)[0])

    @extend_schema(
        summary="Delete a configured process",
        description="Deletes the process with its plugin configuration and its batches.",
        responses={200: None, 422: UNFIT},
    )
    def delete(self, _call: Call, processBusinessId: str) -> Response:  # noqa: N803 (likewise)
        """Delete the process."""
        processes.delete_process(
            tenant=self.tenant, process_id=_process_id(processBusinessId), actor=self.actor, at=clock.now()
        )
        return Response()


class RoleOfConfiguration(Endpoint):
    """Who may order a process."""

    roles = {"PUT": Role.ADMIN}

    @extend_schema(
        summary="Change the role of a process",
        parameters=[
            OpenApiParameter("userRole", str, required=True, description="Least role of those who order it")
        ],
        responses={200: None, 422: UNFIT},
    )
    def put(self, call: Call, processBusinessId: str) -> Response:  # noqa: N803 (likewise)
        """Change the role."""
        role = call.query_params.get("userRole", "")
        if not role:
            raise BadParameter(name="userRole", value=role, expected="the name of a role")
        processes.change_role(
            tenant=self.tenant,
            process_id=_process_id(processBusinessId),
            role=role,
            actor=self.actor,
            at=clock.now(),
        )
        return Response()


def routes(service: Service) -> list[URLPattern]:
    """Return the routes of configurations."""
    base, key = "processplugins/config", "processplugins/config/<str:processBusinessId>"
    return [
        route(base, Configurations, name="process-configurations", service=service),
        route(key, OneConfiguration, name="process-configuration", service=service),
        route(f"{key}/userRole", RoleOfConfiguration, name="process-configuration-role", service=service),
    ]


def _process_id(text: str) -> UUID:
    return uuid(text, name="processBusinessId")


def _pattern(parameters: Mapping[str, str]) -> Any:
    """Return the regular expression of the call, if it has one.

    Raises:
        BadParameter: it is none. Matching takes time in proportion to the text, whatever the expression.
    """
    text = parameters.get(_NAME_LIKE)
    if not text:
        return None
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(text, options=options)
    except re2.error:
        raise BadParameter(name=_NAME_LIKE, value=text, expected="a regular expression") from None
