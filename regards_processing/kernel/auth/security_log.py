"""Security events in the log: one line each, with the prefix ``SECURITY:`` as in REGARDS."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from django.conf import settings
from django.http import HttpRequest
from rest_framework import status
from rest_framework.exceptions import APIException
from rest_framework.request import Request

from regards_processing.kernel.auth.addresses import client_address
from regards_processing.kernel.auth.identity import Caller
from regards_processing.kernel.errors import DomainError

log = logging.getLogger("regards_processing.security")

_REFUSED: Final = frozenset(
    {status.HTTP_401_UNAUTHORIZED, status.HTTP_403_FORBIDDEN, status.HTTP_429_TOO_MANY_REQUESTS}
)


def address_of(request: Request | HttpRequest) -> str:
    """Return the address of the client that made a call."""
    return client_address(request.META, trusted_proxies=settings.TRUSTED_PROXIES)


@contextmanager
def refusals_logged(request: Request) -> Iterator[None]:
    """Write down the refusal of a call, when that is how the block ends."""
    try:
        yield
    except (DomainError, APIException) as error:
        code = error.http_status if isinstance(error, DomainError) else error.status_code
        if code in _REFUSED:
            _call_refused(request, error, code)
        raise


def _call_refused(request: Request, error: Exception, code: int) -> None:
    # Asking for the user is safe after a failed authentication: the framework has cleared it.
    caller = request.user if isinstance(request.user, Caller) else None
    log.warning(
        "SECURITY: call refused: %s",
        error,
        extra={
            "action": "security.call_refused",
            "status": code,
            "login": caller.login if caller else None,
            "tenant": caller.tenant if caller else None,
            "address": address_of(request),
            "method": request.method,
            "path": request.path,
        },
    )


def sign_in_refused(*, login: str | None, tenant: str | None, address: str, reason: str) -> None:
    """Write down that somebody could not sign in; ``login`` is none when nobody has it."""
    log.warning(
        "SECURITY: sign-in refused: %s",
        reason,
        extra={"action": "security.sign_in_refused", "login": login, "tenant": tenant, "address": address},
    )


def token_issued(*, caller: Caller, address: str | None) -> None:
    """Write down that a token left; ``address`` is none when it left on a console."""
    log.info(
        "SECURITY: token issued",
        extra={
            "action": "security.token_issued",
            "login": caller.login,
            "tenant": caller.tenant,
            "role": caller.role,
            **({"address": address} if address else {}),
        },
    )
