"""Read what a tenant configured about access: one statement, as every call does it ("hot reads are SQL")."""

from collections import defaultdict
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Final

from regards_processing.kernel.auth.roles import Role
from regards_processing.kernel.db.reads import among, select

#: Service, template of the path, verb.
EndpointKey = tuple[str, str, str]
_RULES: Final = """
    WITH asked AS (SELECT id FROM regards_tenant WHERE name = %s)
    SELECT 'inherits', inherits, '', '', '' FROM regards_custom_role
        WHERE tenant_id IN (SELECT id FROM asked) AND name = %s
    UNION ALL SELECT 'needs', role, service, path, verb FROM regards_endpoint_role
        WHERE tenant_id IN (SELECT id FROM asked)
    UNION ALL SELECT 'grant', role, service, path, verb FROM regards_role_endpoint
        WHERE tenant_id IN (SELECT id FROM asked) AND role {among}
    UNION ALL SELECT 'address', pattern, '', '', '' FROM regards_role_address
        WHERE tenant_id IN (SELECT id FROM asked) AND role = %s"""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRules:
    """What a tenant configured for one role."""

    #: The native role that the role inherits from, when it is one of the tenant's own.
    inherits: str | None = None
    #: Endpoints that need another role than their default one.
    needs: Mapping[EndpointKey, Role] = field(default_factory=dict)
    #: Endpoint → roles, this one or a native one, that may call it beside.
    grants: Mapping[EndpointKey, AbstractSet[str]] = field(default_factory=dict)
    #: Regular expressions of the addresses that the role may come from; none: from everywhere.
    addresses: tuple[str, ...] = ()


def access_rules(*, tenant: str, role: str) -> AccessRules:
    """Return what a tenant, by name, configured for a role; nothing for a tenant that does not exist."""
    one_of, names = among([role, *Role])
    sql = _RULES.format(among=one_of)
    inherits, needs, grants, addresses = None, {}, defaultdict(set), []
    for kind, value, service, path, verb in select(sql, [tenant, role, *names, role]):
        match kind:
            case "inherits":
                inherits = value
            case "needs":
                needs[service, path, verb] = Role(value)
            case "grant":
                grants[service, path, verb].add(value)
            case _:
                addresses.append(value)
    return AccessRules(inherits=inherits, needs=needs, grants=grants, addresses=tuple(addresses))
