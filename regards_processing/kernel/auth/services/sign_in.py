"""Sign in with a password, and be refused after too many wrong ones."""

import hashlib
import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth.models import User

from regards_processing.kernel.audit.models import Origin
from regards_processing.kernel.audit.services import Actor
from regards_processing.kernel.auth import security_log
from regards_processing.kernel.auth.identity import Caller
from regards_processing.kernel.auth.models import FailedSignIn, Membership
from regards_processing.kernel.auth.roles import Role
from regards_processing.kernel.auth.services.issuing import issue_token
from regards_processing.kernel.db.transactions import transaction
from regards_processing.kernel.errors import DomainError
from regards_processing.kernel.tenancy import admission
from regards_processing.kernel.tenancy.models import Tenant


class SignInRefused(DomainError):
    """Unknown user or wrong password."""

    code = "SIGN_IN_REFUSED"
    http_status = 401


class TooManyFailures(DomainError):
    """Too many wrong passwords for this user from this address: nobody may sign in for a while."""

    code = "TOO_MANY_FAILURES"
    http_status = 429
    retryable = True

    def __init__(self, *, seconds: int) -> None:
        super().__init__()
        #: How long.
        self.seconds = seconds


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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Attempt:
    username: str
    tenant: str
    address: str
    at: datetime

    @property
    def key(self) -> str:
        return hashlib.sha256(f"{self.username}\0{self.address}".encode()).hexdigest()


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
    attempt = _Attempt(username=username, tenant=tenant, address=address, at=at)
    _refuse_guessing(attempt)
    # Takes as long for a login that nobody has: Django hashes the password all the same.
    user = authenticate(username=username, password=password)
    if not isinstance(user, User):
        _remember_failure(attempt)
        _tell(attempt, reason="unknown user or wrong password")
        raise SignInRefused
    FailedSignIn.objects.filter(key=attempt.key).delete()
    role = _role_of(user, tenant=admission.recognise(tenant=tenant))
    login = user.get_username()
    caller = Caller(tenant=tenant, login=login, email=user.email or login, role=role)
    valid_for = timedelta(seconds=settings.ACCESS_TOKEN_VALIDITY)
    actor = Actor(name=login, origin=Origin.REST)
    token = issue_token(caller=caller, valid_for=valid_for, actor=actor, at=at, address=address)
    return SignedIn(token=token, caller=caller, valid_for=valid_for)


def _refuse_guessing(attempt: _Attempt) -> None:
    window = timedelta(seconds=settings.SIGN_IN_WINDOW)
    failures = FailedSignIn.objects.filter(key=attempt.key, at__gt=attempt.at - window)
    counted = list(failures.order_by("-at").values_list("at", flat=True)[: settings.SIGN_IN_FAILURES])
    if len(counted) == settings.SIGN_IN_FAILURES:
        _tell(attempt, reason="too many wrong passwords")
        raise TooManyFailures(seconds=math.ceil((counted[-1] + window - attempt.at).total_seconds()))


def _role_of(user: User, *, tenant: Tenant | None) -> str:
    membership = Membership.objects.filter(tenant=tenant, user=user).first() if tenant else None
    if membership is not None:
        return membership.role
    if user.is_superuser:
        return Role.INSTANCE_ADMIN
    place = f"tenant {tenant.name}" if tenant else "the instance"
    raise NoRoleInTenant(f"User {user.get_username()} has no role in {place}")


@transaction
def _remember_failure(attempt: _Attempt) -> None:
    FailedSignIn.objects.create(key=attempt.key, at=attempt.at)
    FailedSignIn.objects.filter(at__lte=attempt.at - timedelta(seconds=settings.SIGN_IN_WINDOW)).delete()


def _tell(attempt: _Attempt, *, reason: str) -> None:
    # A login that nobody has may be a password in the wrong field.
    known = User.objects.filter(username=attempt.username).exists()
    login = attempt.username if known else None
    security_log.sign_in_refused(login=login, tenant=attempt.tenant, address=attempt.address, reason=reason)
