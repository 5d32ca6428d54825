"""Who calls."""

from dataclasses import dataclass
from typing import Final

#: Tenant claims that name no tenant: the platform itself, and services that act for no tenant.
INSTANCE: Final = "instance"
NO_TENANT: Final = "_NOTENANT_"
#: Such a claim is no tenant of the platform; only endpoints that are about the platform take it.
NOT_TENANTS: Final = frozenset({INSTANCE, NO_TENANT})
#: Most characters of a name in an identity: they end up in columns of this length.
MAX_TEXT: Final = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """The verified identity behind a call."""

    tenant: str
    login: str
    email: str
    role: str
    access_groups: tuple[str, ...] = ()

    @property
    def is_authenticated(self) -> bool:
        """Always: an unverified caller is no `Caller` (the name is Django's)."""
        return True


def is_plain_text(value: object) -> bool:
    """Whether something is a name that logs and columns can hold: not blank, printable, not too long."""
    return isinstance(value, str) and bool(value.strip()) and value.isprintable() and len(value) <= MAX_TEXT
