"""Whether calls for a tenant are served now."""

from typing import Final

from regards_processing.kernel.auth.identity import NOT_TENANTS
from regards_processing.kernel.errors import DomainError
from regards_processing.kernel.tenancy import visibility
from regards_processing.kernel.tenancy.models import Tenant

#: Verbs that are served during maintenance.
_READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class TenantRefused(DomainError):
    """There is no active tenant of this name."""

    code = "TENANT_REFUSED"
    http_status = 401


class TenantInMaintenance(DomainError):
    """During maintenance, calls may read but not change anything."""

    code = "TENANT_IN_MAINTENANCE"
    #: The platform's own status: no proxy or client library gives it another meaning.
    http_status = 515
    retryable = True


def recognise(*, tenant: str) -> Tenant | None:
    """Return the active tenant of a caller; from now on the call sees the rows of that tenant.

    None stands for callers who act for no tenant: they see the rows of none.

    Raises:
        TenantRefused: there is no active tenant of this name.
    """
    if tenant in NOT_TENANTS:
        return None
    found = Tenant.objects.active().filter(name=tenant).first()
    if found is None:
        raise TenantRefused(f"There is no active tenant {tenant}")
    visibility.admit(found.pk)
    return found


def admit(*, tenant: Tenant | None, verb: str) -> Tenant:
    """Return the recognised tenant, which a call with this verb is about.

    Raises:
        TenantRefused: the caller acts for no tenant.
        TenantInMaintenance: the tenant is in maintenance, and the verb may change something.
    """
    if tenant is None:
        raise TenantRefused("The caller acts for no tenant, and this call is about one")
    if tenant.maintenance and verb not in _READING:
        raise TenantInMaintenance(f"Tenant {tenant.name} is in maintenance: {verb} is refused until it ends")
    return tenant
