"""Endpoints about a tenant, or about all of them for callers who stand above tenants."""

from typing import Final

from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from regards_processing.kernel.auth.access import RoleRefused
from regards_processing.kernel.auth.roles import stands_above_tenants
from regards_processing.kernel.rest.endpoint import Endpoint
from regards_processing.kernel.rest.parameters import BadParameter
from regards_processing.kernel.tenancy import admission, visibility
from regards_processing.kernel.tenancy.models import Tenant

#: For the description of such endpoints.
TENANT: Final = OpenApiParameter(
    "tenant",
    str,
    description="Which tenant, for callers above tenants; without it they are answered for all of them",
)


class ReachingEndpoint(Endpoint):
    """Finds in `reach` the tenant that the call is about: the caller's own, or the one that is named.

    None stands for every tenant: callers who stand above tenants (`INSTANCE_ADMIN`, services) named none.
    """

    needs_tenant = False
    reach: Tenant | None

    def check_permissions(self, request: Request) -> None:
        """Admit the caller as every endpoint does, then find out how far the call reaches."""
        super().check_permissions(request)
        named = request.query_params.get("tenant")
        if stands_above_tenants(self.caller.role):
            self.reach = named_tenant(named, verb=str(request.method)) if named else None
        elif named in {None, "", self.caller.tenant}:
            self.reach = admission.admit(tenant=self.recognised, verb=str(request.method))
        else:
            raise RoleRefused(f"Access denied: role {self.caller.role} may not ask for tenant {named}")
        if self.reach is None:
            visibility.admit_everywhere()


def named_tenant(name: str, *, verb: str) -> Tenant:
    """Return the tenant that a caller above tenants names; from now on the call sees its rows.

    Raises:
        BadParameter: there is no active tenant of this name.
        TenantInMaintenance: it is in maintenance, and the verb may change something.
    """
    try:
        tenant = admission.recognise(tenant=name)
    except admission.TenantRefused:
        tenant = None
    if tenant is None:
        raise BadParameter(name="tenant", value=name, expected="the name of an active tenant")
    return admission.admit(tenant=tenant, verb=verb)
