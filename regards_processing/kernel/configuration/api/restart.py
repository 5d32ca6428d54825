"""Restarting a service by REST: left to whoever runs its processes."""

from typing import NoReturn

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request as Call

from regards_processing.kernel.auth.roles import Role
from regards_processing.kernel.errors import DomainError
from regards_processing.kernel.rest.endpoint import Endpoint
from regards_processing.kernel.rest.openapi import ErrorsSerializer


class RestartNotOffered(DomainError):
    """The service does not restart itself: restart its processes where they are run."""

    code = "RESTART_NOT_OFFERED"
    http_status = 501


class Restart(Endpoint):
    """Restart; not offered, since a service is many processes on many hosts."""

    roles = {"GET": Role.PROJECT_ADMIN}
    needs_tenant = False

    @extend_schema(
        summary="Restart the service",
        description="Never offered.",
        responses={501: OpenApiResponse(ErrorsSerializer, description="Not offered")},
    )
    def get(self, _call: Call) -> NoReturn:
        """Refuse."""
        raise RestartNotOffered


class RestartEnabled(Restart):
    """Whether the service restarts itself: it does not."""
