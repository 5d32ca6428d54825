"""Tenants, and how hard their rows are kept apart."""

from django.core.exceptions import ImproperlyConfigured

from regards_processing.kernel.tenancy.names import InvalidTenantName, check_tenant_name
from regards_processing.settings import env


def _tenants() -> list[str]:
    names = env.names("REGARDS_TENANTS", ("default",))
    try:
        for name in names:
            check_tenant_name(name=name)
    except InvalidTenantName as error:
        raise ImproperlyConfigured(f"REGARDS_TENANTS is refused: {error}") from None
    return names


#: Tenants that exist from the first start of a manager.
TENANTS = _tenants()
#: Whether connections tell PostgreSQL whose rows they may see (`manage.py row_security`).
ROW_LEVEL_SECURITY = env.boolean("ROW_LEVEL_SECURITY", default=False)
