"""Whether a caller may call an endpoint."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, Self

from django.conf import settings

from regards_processing.kernel.auth.identity import Caller
from regards_processing.kernel.auth.queries import AccessRules, access_rules
from regards_processing.kernel.auth.roles import Role, is_system, lineage, stands_above_tenants
from regards_processing.kernel.errors import DomainError


class RoleRefused(DomainError):
    """The role of the caller may not call this endpoint."""

    code = "ROLE_REFUSED"
    http_status = 403


class AddressRefused(DomainError):
    """Callers of this role may not call from this address."""

    code = "ADDRESS_REFUSED"
    http_status = 401


class Described(Protocol):
    """What must be known of an endpoint to decide."""

    @property
    def service(self) -> str:
        """Name of its service."""

    @property
    def path(self) -> str:
        """Template of its path."""

    @property
    def roles(self) -> Mapping[str, Role]:
        """Verb → default role."""


@dataclass(frozen=True, slots=True)
class Access:
    """What one caller may do; read once a call."""

    caller: Caller
    rules: AccessRules = field(default_factory=AccessRules)
    #: The caller's role with all that it inherits.
    held: frozenset[str] = frozenset()

    @classmethod
    def of(cls, caller: Caller) -> Self:
        """Read what the tenant configured for a role: one statement; none for roles above tenants."""
        if stands_above_tenants(caller.role) and _has_full_access(caller.role, required=Role.INSTANCE_ADMIN):
            return cls(caller)
        rules = access_rules(tenant=caller.tenant, role=caller.role)
        held = lineage(rules.inherits or caller.role) | {caller.role}
        return cls(caller, rules=rules, held=held)

    def allows(self, endpoint: Described, *, verb: str) -> bool:
        """Whether the caller may call an endpoint with a verb; a verb without a role is for nobody."""
        if verb not in endpoint.roles:
            return False
        key = (endpoint.service, endpoint.path, verb)
        required = self.rules.needs.get(key, endpoint.roles[verb])
        return (
            required == Role.PUBLIC
            or _has_full_access(self.caller.role, required=required)
            or required in self.held
            or not self.held.isdisjoint(self.rules.grants.get(key, ()))
        )

    def includes(self, role: str) -> bool:
        """Whether the caller's role is this one, inherits from it, or has full access."""
        return role in self.held or _has_full_access(self.caller.role, required=Role.PUBLIC)

    def admit_address(self, address: str) -> None:
        """Let the caller in from an address.

        Raises:
            AddressRefused: the tenant lists addresses for the caller's role, and this is none of them.
        """
        if stands_above_tenants(self.caller.role):
            return
        patterns = self.rules.addresses
        if patterns and not any(re.fullmatch(pattern, address) for pattern in patterns):
            raise AddressRefused(f"Role {self.caller.role} may not call from {address or 'nowhere'}")


def _has_full_access(role: str, *, required: Role) -> bool:
    """Whether a role may call what needs another one, whatever its tenant configured.

    What only the administrator of the platform may call is not about one tenant: the administrator of a
    tenant may not.
    """
    if is_system(role):
        return bool(settings.SYSTEM_FULL_ACCESS)
    if role == Role.INSTANCE_ADMIN:
        return bool(settings.INSTANCE_ADMIN_FULL_ACCESS)
    return (
        role == Role.PROJECT_ADMIN
        and required != Role.INSTANCE_ADMIN
        and bool(settings.PROJECT_ADMIN_FULL_ACCESS)
    )
