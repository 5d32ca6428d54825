"""Issue tokens."""

from datetime import datetime, timedelta

from django.conf import settings

from regards_processing.kernel.audit.services import Actor, record
from regards_processing.kernel.auth import security_log, tokens
from regards_processing.kernel.auth.identity import MAX_TEXT, NO_TENANT, NOT_TENANTS, Caller, is_plain_text
from regards_processing.kernel.auth.keys import KeySet
from regards_processing.kernel.auth.roles import SYSTEM_PREFIX
from regards_processing.kernel.auth.services.role_names import check_role
from regards_processing.kernel.db.transactions import transaction
from regards_processing.kernel.errors import DomainError
from regards_processing.kernel.tenancy.models import Tenant


class InvalidIdentity(DomainError):
    """There can be no token for this identity."""

    code = "INVALID_IDENTITY"
    http_status = 422


@transaction
def issue_token(
    *,
    caller: Caller,
    valid_for: timedelta,
    actor: Actor,
    at: datetime,
    kid: str | None = None,
    address: str | None = None,
) -> str:
    """Return a token that proves an identity, and record that it was issued.

    Args:
        caller: the identity; its tenant is active, or the platform itself.
        valid_for: how long the token is good.
        actor: who asked for it.
        at: when.
        kid: the key that signs, when it is not the usual one.
        address: where it was asked for, when that was by a call.

    Raises:
        InvalidIdentity: a name is not plain text, or the tenant is unknown or inactive.
        UnknownRole: the tenant has no such role.
        NoSigningKey: there is no such key.
    """
    _check(caller)
    keys: KeySet = settings.JWT_KEYS
    key = keys.to_sign(kid=kid)
    expires_at = at + valid_for
    token = tokens.sign(caller=caller, key=key, issued_at=at, expires_at=expires_at)
    record(
        actor=actor,
        tenant=None if caller.tenant in NOT_TENANTS else caller.tenant,
        action="token.issued",
        target=caller.login,
        at=at,
        details={
            "role": caller.role,
            "email": caller.email,
            "accessGroups": list(caller.access_groups),
            "expiresAt": expires_at.isoformat(),
            "kid": key.kid,
            "address": address,
        },
    )
    security_log.token_issued(caller=caller, address=address)
    return token


def system_token(*, application: str, at: datetime, tenant: str = NO_TENANT) -> str:
    """Return a token for a call of this platform to another service: role ``SYS_<application>``.

    Raises:
        NoSigningKey: this platform signs no tokens.
    """
    caller = Caller(tenant=tenant, login=application, email=application, role=f"{SYSTEM_PREFIX}{application}")
    keys: KeySet = settings.JWT_KEYS
    expires_at = at + timedelta(seconds=settings.ACCESS_TOKEN_VALIDITY)
    return tokens.sign(caller=caller, key=keys.to_sign(), issued_at=at, expires_at=expires_at)


def _check(caller: Caller) -> None:
    for name, value in (("login", caller.login), ("e-mail", caller.email)):
        if not is_plain_text(value):
            raise InvalidIdentity(
                f"The {name} {value!r} is refused: 1 to {MAX_TEXT} printable characters are expected"
            )
    if not all(is_plain_text(group) for group in caller.access_groups):
        raise InvalidIdentity("A group is refused: each needs a printable name")
    tenant = Tenant.objects.active().filter(name=caller.tenant).first()
    if tenant is None and caller.tenant not in NOT_TENANTS:
        raise InvalidIdentity(f"There is no active tenant {caller.tenant!r}")
    check_role(role=caller.role, tenant=tenant)
