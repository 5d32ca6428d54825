"""Create tenants."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from regards_processing.kernel.errors import DomainError
from regards_processing.kernel.tenancy.models import Tenant

_MAX_LENGTH: Final = 255


class InvalidTenantName(DomainError):
    """A tenant's name must have 1 to 255 characters."""

    code = "INVALID_TENANT_NAME"
    http_status = 422


def create_tenants(*, names: Sequence[str], at: datetime) -> list[str]:
    """Create the tenants that do not exist yet and return their names.

    Raises:
        InvalidTenantName: a name is empty or too long; nothing is created.
    """
    for name in names:
        if not name or len(name) > _MAX_LENGTH:
            raise InvalidTenantName(f"Tenant name {name!r} must have 1 to {_MAX_LENGTH} characters")
    known = set(Tenant.objects.filter(name__in=names).values_list("name", flat=True))
    missing = [name for name in dict.fromkeys(names) if name not in known]
    Tenant.objects.bulk_create([Tenant(name=name, created_at=at) for name in missing], ignore_conflicts=True)
    return missing
