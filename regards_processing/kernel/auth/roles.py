"""The roles of the platform and who inherits from whom. Pure."""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """Native roles; a tenant may add its own, each of which inherits from one of these."""

    PUBLIC = "PUBLIC"
    REGISTERED_USER = "REGISTERED_USER"
    EXPLOIT = "EXPLOIT"
    ADMIN = "ADMIN"
    PROJECT_ADMIN = "PROJECT_ADMIN"
    INSTANCE_ADMIN = "INSTANCE_ADMIN"


#: Roles of services: ``SYS_`` and the application's name.
SYSTEM_PREFIX: Final = "SYS_"
#: Role → the role it inherits from. Roles with full access inherit nothing: they need nothing.
INHERITS: Final[Mapping[Role, Role]] = {
    Role.REGISTERED_USER: Role.PUBLIC,
    Role.EXPLOIT: Role.REGISTERED_USER,
    Role.ADMIN: Role.EXPLOIT,
}
#: Roles that a role of a tenant may inherit from: those without full access.
INHERITABLE: Final = (Role.PUBLIC, *INHERITS)
_CUSTOM_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")


def is_native(role: str) -> bool:
    """Whether a role is one of the platform's own."""
    return role in {native.value for native in Role}


def is_system(role: str) -> bool:
    """Whether a role is that of a service."""
    return role.startswith(SYSTEM_PREFIX) and role != SYSTEM_PREFIX


def stands_above_tenants(role: str) -> bool:
    """Whether callers of a role act for the whole platform, whatever tenant their token names."""
    return role == Role.INSTANCE_ADMIN or is_system(role)


def is_custom_name(name: str) -> bool:
    """Whether a tenant may call a role of its own like that."""
    return bool(_CUSTOM_NAME.fullmatch(name)) and not is_native(name) and not name.startswith(SYSTEM_PREFIX)


def lineage(role: str) -> frozenset[str]:
    """Return a native role with all that it inherits; everyone is PUBLIC."""
    held = {Role.PUBLIC.value}
    known = {native.value: native for native in Role}
    current = known.get(role)
    while current is not None:
        held.add(current.value)
        current = INHERITS.get(current)
    return frozenset(held)
