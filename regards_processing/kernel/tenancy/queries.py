"""Reads about tenants."""

from collections.abc import Collection

from regards_processing.kernel.errors import DomainError
from regards_processing.kernel.tenancy.models import Tenant


class UnknownTenant(DomainError):
    """There is no such tenant."""

    code = "UNKNOWN_TENANT"
    http_status = 404


def every_tenant() -> list[Tenant]:
    """Return all tenants, by name."""
    return list(Tenant.objects.order_by("name"))


def tenants(*, names: Collection[str]) -> list[Tenant]:
    """Return the tenants of these names, by name.

    Raises:
        UnknownTenant: one of them does not exist.
    """
    found = list(Tenant.objects.filter(name__in=names).order_by("name"))
    missing = sorted(set(names).difference(tenant.name for tenant in found))
    if missing:
        raise UnknownTenant(f"There is no tenant {', '.join(missing)}")
    return found


def active_tenants() -> list[str]:
    """Return the names of the tenants whose messages are taken, sorted."""
    return list(Tenant.objects.active().order_by("name").values_list("name", flat=True))


def tenants_with_own_request_queue() -> list[str]:
    """Return the names of the tenants whose requests wait in queues of their own, sorted."""
    return list(Tenant.objects.with_own_request_queue().order_by("name").values_list("name", flat=True))


def tenants_in_maintenance() -> list[str]:
    """Return the names of the tenants that are in maintenance, sorted."""
    return list(Tenant.objects.in_maintenance().order_by("name").values_list("name", flat=True))
