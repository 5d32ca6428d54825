"""Sign in with a password, and be refused after too many wrong ones."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth.models import User

from regards_processing.kernel.audit.models import Origin
from regards_processing.kernel.audit.services import Actor
from regards_processing.kernel.auth.identity import Caller
from regards_processing.kernel.auth.models import Membership
from regards_processing.kernel.auth.roles import Role
from regards_processing.kernel.auth.services.guessing import Attempt, guarded
from regards_processing.kernel.auth.services.issuing import issue_token
from regards_processing.kernel.errors import DomainError
from regards_processing.kernel.tenancy import admission
from regards_processing.kernel.tenancy.models import Tenant


class SignInRefused(DomainError):
    """Unknown user or wrong password."""

    code = "SIGN_IN_REFUSED"
    http_status = 401


class NoRoleInTenant(DomainError):
    """The user has no role in this tenant."""

    code = "NO_ROLE_IN_TENANT"
    http_status = 403


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """A token, and whose it is."""

    token: str
    caller: Caller
    valid_for: timedelta


def sign_in(*, username: str, password: str, tenant: str, address: str, at: datetime) -> SignedIn:
    """Return a token of a user of this platform for a tenant.

    Args:
        username: the user's login.
        password: in clear.
        tenant: name of the tenant, or ``instance``.
        address: where the call comes from.
        at: when.

    Raises:
        TooManyFailures: this login was tried too often from this address.
        SignInRefused: the login is unknown, inactive, or the password is wrong; it is not said which.
        TenantRefused: there is no such active tenant.
        NoRoleInTenant: the user is known, but not there.
        NoSigningKey: this platform signs no tokens.
    """
    attempt = Attempt(username=username, tenant=tenant, address=address, at=at)
    with guarded(attempt, refusal=SignInRefused, reason="unknown user or wrong password"):
        # Takes as long for a login that nobody has: Django hashes the password all the same.
        user = authenticate(username=username, password=password)
        if not isinstance(user, User):
            raise SignInRefused
    role = _role_of(user, tenant=admission.recognise(tenant=tenant))
    login = user.get_username()
    caller = Caller(tenant=tenant, login=login, email=user.email or login, role=role)
    valid_for = timedelta(seconds=settings.ACCESS_TOKEN_VALIDITY)
    actor = Actor(name=login, origin=Origin.REST)
    token = issue_token(caller=caller, valid_for=valid_for, actor=actor, at=at, address=address)
    return SignedIn(token=token, caller=caller, valid_for=valid_for)


def _role_of(user: User, *, tenant: Tenant | None) -> str:
    membership = Membership.objects.filter(tenant=tenant, user=user).first() if tenant else None
    if membership is not None:
        return membership.role
    if user.is_superuser:
        return Role.INSTANCE_ADMIN
    place = f"tenant {tenant.name}" if tenant else "the instance"
    raise NoRoleInTenant(f"User {user.get_username()} has no role in {place}")
