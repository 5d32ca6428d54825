"""Batches, as order services open them."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.urls import URLPattern
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request as Call
from rest_framework.response import Response

from regards_processing.kernel import clock
from regards_processing.kernel.auth.access import Access
from regards_processing.kernel.auth.roles import Role, is_system
from regards_processing.kernel.errors import DomainError
from regards_processing.kernel.rest.endpoint import Endpoint
from regards_processing.kernel.rest.fields import TextField
from regards_processing.kernel.rest.reach import named_tenant
from regards_processing.kernel.rest.routes import route
from regards_processing.kernel.rest.services import Service
from regards_processing.kernel.tenancy.models import Tenant
from regards_processing.processing.api.refusals import NOT_FOUND
from regards_processing.processing.services.batches import BatchOrder, order_batch

_EXAMPLE = {
    "correlationId": "order-12_dsSel-3_subOrder-1",
    "processBusinessId": "5e1b9b1c-7d4d-4d9a-9a53-5f0e0c1c2d3e",
    "tenant": "demo",
    "user": "ada@example.org",
    "userRole": "REGISTERED_USER",
    "parameters": {},
    "filesetsByDataset": {
        "URN:AIP:DATASET:demo:1:V1": {
            "dataset": "URN:AIP:DATASET:demo:1:V1",
            "executionCount": 1,
            "totalBytes": 123456,
        }
    },
}


class ForeignTenant(DomainError):
    """The body names another tenant than the token."""

    code = "FOREIGN_TENANT"
    http_status = 403


class ForeignUser(DomainError):
    """The body names a user, or a role, that the caller is not."""

    code = "FOREIGN_USER"
    http_status = 403


class FilesetSerializer(serializers.Serializer[Any]):
    """What is ordered of one dataset."""

    dataset = serializers.CharField(max_length=255)
    executionCount = serializers.IntegerField(min_value=0, max_value=2**31 - 1)  # noqa: N815 (the contract's name)
    totalBytes = serializers.IntegerField(min_value=0, max_value=2**63 - 1)  # noqa: N815 (likewise)


class BatchOrderSerializer(serializers.Serializer[Any]):
    """A batch to be opened."""

    # As it is, blanks included: it comes back with every result.
    correlationId = TextField(source="correlation_id", allow_blank=False, help_text="Echoed in every result")  # noqa: N815 (likewise)
    processBusinessId = serializers.UUIDField(source="process_id")  # noqa: N815 (likewise)
    tenant = serializers.CharField(help_text="That of the token; services may name another")
    user = serializers.CharField(
        max_length=255,
        help_text="E-mail address: that of the token; services and administrators may name another",
    )
    userRole = serializers.CharField(  # noqa: N815 (likewise)
        max_length=255, source="user_role", help_text="One that the token's role includes, likewise"
    )
    parameters = serializers.DictField(child=TextField(), help_text="Values of dynamic parameters")
    filesetsByDataset = serializers.DictField(child=FilesetSerializer(), source="filesets")  # noqa: N815 (likewise)


class OpenedBatchSerializer(serializers.Serializer[Any]):
    """A batch that is open."""

    batchId = serializers.UUIDField(source="id")  # noqa: N815 (the contract's name)
    correlationId = serializers.CharField(source="correlation_id")  # noqa: N815 (likewise)


class Batches(Endpoint):
    """Batches of the tenant."""

    roles = {"POST": Role.REGISTERED_USER}

    @extend_schema(
        summary="Open a batch",
        description=(
            "Opens a batch of a process. Its executions are ordered by message: `PExecutionRequestEvent`."
        ),
        request=BatchOrderSerializer,
        responses={200: OpenedBatchSerializer, 404: NOT_FOUND},
        examples=[OpenApiExample("A batch", _EXAMPLE, request_only=True)],
    )
    def post(self, _call: Call) -> Response:
        """Open the batch."""
        wanted: Mapping[str, Any] = self.body(BatchOrderSerializer)
        order = {name: value for name, value in wanted.items() if name != "tenant"}
        tenant = self._tenant(wanted["tenant"])
        if settings.PROCESS_RIGHTS_CHECKED:
            self._check_user(user=wanted["user"], role=wanted["user_role"])
        batch = order_batch(tenant=tenant, order=BatchOrder(**order), actor=self.actor, at=clock.now())
        return Response(OpenedBatchSerializer(batch).data)

    def _tenant(self, named: str) -> Tenant:
        """Return the tenant that the batch is for: its executions are ordered in the name of this one."""
        if named == self.tenant.name:
            return self.tenant
        if is_system(self.caller.role):
            return named_tenant(named, verb="POST")
        raise ForeignTenant(f"The body names tenant {named}, the token {self.tenant.name}")

    def _check_user(self, *, user: str, role: str) -> None:
        """Refuse a batch in the name of somebody else; services and administrators order for others."""
        access = Access.of(self.caller)
        if access.includes(Role.PROJECT_ADMIN):
            return
        if user not in (self.caller.email, self.caller.login):
            raise ForeignUser(f"The body names user {user}, the token {self.caller.email}")
        if not access.includes(role):
            raise ForeignUser(f"The body names role {role}, the token {self.caller.role}")


def routes(service: Service) -> list[URLPattern]:
    """Return the routes of batches."""
    return [route("batch", Batches, name="batches", service=service)]
