"""Which names of roles mean something."""

from regards_processing.kernel.auth.models import CustomRole
from regards_processing.kernel.auth.roles import SYSTEM_PREFIX, Role, is_native, is_system
from regards_processing.kernel.errors import DomainError
from regards_processing.kernel.tenancy.models import Tenant


class UnknownRole(DomainError):
    """There is no such role."""

    code = "UNKNOWN_ROLE"
    http_status = 422


def check_role(*, role: str, tenant: Tenant | None) -> None:
    """Refuse a role that is neither native, nor one of a tenant's own, nor a service's.

    Raises:
        UnknownRole: it is none of these.
    """
    if not is_system(role):
        check_role_of_people(role=role, tenant=tenant)


def check_role_of_people(*, role: str, tenant: Tenant | None) -> None:
    """Refuse a role that nobody but a service can have, and one that does not exist.

    Raises:
        UnknownRole: it is neither native nor one of the tenant's own.
    """
    if is_native(role):
        return
    own = list(_own_roles(tenant)) if tenant else []
    if role not in own:
        raise UnknownRole(
            f"There is no role {role!r}; there are {', '.join([*Role, *own])} and, for services, "
            f"{SYSTEM_PREFIX}<name>"
        )


def _own_roles(tenant: Tenant) -> list[str]:
    names = CustomRole.objects.filter(tenant=tenant).order_by("name").values_list("name", flat=True)
    return list(names)
