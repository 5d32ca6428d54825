"""What is configured about access."""

from typing import Final

from django.contrib.auth.models import Permission, User
from django.test import Client

from regards_processing.kernel.auth.models import (
    CustomRole,
    EndpointRole,
    Membership,
    RoleAddress,
    RoleEndpoint,
)
from regards_processing.kernel.auth.roles import Role
from regards_processing.kernel.rest.services import RS_WORKER_MANAGER
from regards_processing.kernel.tenancy.models import Tenant

PASSWORD: Final = "correct horse battery staple"
#: An endpoint that needs EXPLOIT.
WORKERS: Final = "/workers"
#: An endpoint that needs ADMIN.
SETTINGS: Final = "/settings"


def address_of(path: str, *, service: str = RS_WORKER_MANAGER.name) -> str:
    """Return the address of an endpoint."""
    return f"/api/v1/{service}{path}"


def a_user(
    username: str = "ada", *, email: str = "ada@example.org", superuser: bool = False, active: bool = True
) -> User:
    """Store a user of the platform whose password is `PASSWORD`."""
    return User.objects.create_user(
        username, email, PASSWORD, is_superuser=superuser, is_staff=superuser, is_active=active
    )


def staff_with(client: Client, *permissions: str) -> Client:
    """Log in somebody of the staff who has these permissions."""
    user = User.objects.create_user("grace", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client.force_login(user)
    return client


def a_membership(user: User, tenant: Tenant, *, role: str = Role.EXPLOIT) -> Membership:
    """Store the role of a user in a tenant."""
    return Membership.objects.create(user=user, tenant=tenant, role=role)


def a_custom_role(
    tenant: Tenant, *, name: str = "SCIENTIST", inherits: Role = Role.REGISTERED_USER
) -> CustomRole:
    """Store a role of a tenant's own."""
    return CustomRole.objects.create(tenant=tenant, name=name, inherits=inherits)


def an_endpoint_role(
    tenant: Tenant,
    *,
    role: Role,
    path: str = WORKERS,
    verb: str = "GET",
    service: str = RS_WORKER_MANAGER.name,
) -> EndpointRole:
    """Store the role that an endpoint needs in a tenant."""
    return EndpointRole.objects.create(tenant=tenant, service=service, path=path, verb=verb, role=role)


def a_grant(
    tenant: Tenant,
    *,
    role: str,
    path: str = WORKERS,
    verb: str = "GET",
    service: str = RS_WORKER_MANAGER.name,
) -> RoleEndpoint:
    """Store an endpoint that a role may call beside."""
    return RoleEndpoint.objects.create(tenant=tenant, service=service, path=path, verb=verb, role=role)


def a_role_address(tenant: Tenant, *, role: str, pattern: str) -> RoleAddress:
    """Store an address that callers of a role may come from."""
    return RoleAddress.objects.create(tenant=tenant, role=role, pattern=pattern)
