"""Wrong passwords are counted, at every door together: guessing soon leads nowhere."""

import hashlib
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import User

from regards_processing.kernel.auth import security_log
from regards_processing.kernel.auth.models import FailedSignIn
from regards_processing.kernel.db.transactions import transaction
from regards_processing.kernel.errors import DomainError


class TooManyFailures(DomainError):
    """Too many wrong passwords for this user from this address: nobody may sign in for a while."""

    code = "TOO_MANY_FAILURES"
    http_status = 429
    retryable = True

    def __init__(self, *, seconds: int) -> None:
        super().__init__()
        #: How long.
        self.seconds = seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """Somebody tries a password."""

    username: str
    #: Name of the tenant that it is for; none at the door of the admin, which is for all of them.
    tenant: str | None
    #: Where the call comes from.
    address: str
    at: datetime

    @property
    def key(self) -> str:
        """What failures are counted by."""
        return hashlib.sha256(f"{self.username}\0{self.address}".encode()).hexdigest()


@contextmanager
def guarded(attempt: Attempt, *, refusal: type[Exception], reason: str) -> Iterator[None]:
    """Let the block try a password, and count it as wrong when the block ends with a refusal.

    ``reason`` is what the log then says.

    Raises:
        TooManyFailures: this login was tried too often from this address; the block does not run.
    """
    _refuse_guessing(attempt)
    try:
        yield
    except refusal:
        _remember_failure(attempt)
        _tell(attempt, reason=reason)
        raise
    FailedSignIn.objects.filter(key=attempt.key).delete()


def _refuse_guessing(attempt: Attempt) -> None:
    window = timedelta(seconds=settings.SIGN_IN_WINDOW)
    failures = FailedSignIn.objects.filter(key=attempt.key, at__gt=attempt.at - window)
    counted = list(failures.order_by("-at").values_list("at", flat=True)[: settings.SIGN_IN_FAILURES])
    if len(counted) == settings.SIGN_IN_FAILURES:
        _tell(attempt, reason="too many wrong passwords")
        raise TooManyFailures(seconds=math.ceil((counted[-1] + window - attempt.at).total_seconds()))


@transaction
def _remember_failure(attempt: Attempt) -> None:
    FailedSignIn.objects.create(key=attempt.key, at=attempt.at)
    FailedSignIn.objects.filter(at__lte=attempt.at - timedelta(seconds=settings.SIGN_IN_WINDOW)).delete()


def _tell(attempt: Attempt, *, reason: str) -> None:
    # A login that nobody has may be a password in the wrong field.
    known = User.objects.filter(username=attempt.username).exists()
    login = attempt.username if known else None
    security_log.sign_in_refused(login=login, tenant=attempt.tenant, address=attempt.address, reason=reason)
