"""What happens to every call before and after its endpoint: correlation id, size limit, access log."""

import logging
import time
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from regards_processing.kernel import correlation
from regards_processing.kernel.auth.addresses import client_address
from regards_processing.kernel.auth.identity import Caller
from regards_processing.kernel.rest import error_pages

Handler = Callable[[HttpRequest], HttpResponse]
log = logging.getLogger(__name__)


def correlate(get_response: Handler) -> Handler:
    """Do everything under the correlation id of the call, or under a new one, and return it."""

    def handle(request: HttpRequest) -> HttpResponse:
        with correlation.correlated(request.headers.get(correlation.HEADER)) as chosen:
            response = get_response(request)
        response.headers[correlation.HEADER] = chosen
        return response

    return handle


def limit_size(get_response: Handler) -> Handler:
    """Refuse bodies that are too long, before they are read; chunked ones were measured by `bodies`."""

    def handle(request: HttpRequest) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if not length.isdigit():
            return error_pages.answer(request, status=400, messages=[f"Content-Length {length} is no length"])
        if int(length) > settings.REQUEST_MAX_BYTES:
            told = f"The body is larger than {settings.REQUEST_MAX_BYTES} bytes"
            return error_pages.answer(request, status=413, messages=[told])
        return get_response(request)

    return handle


def log_access(get_response: Handler) -> Handler:
    """Write one line for each call of a service by somebody who said who it is."""

    def handle(request: HttpRequest) -> HttpResponse:
        started = time.monotonic()
        response = get_response(request)
        caller = getattr(request, "user", None)
        if error_pages.concerns_api(request) and isinstance(caller, Caller):
            _log(request, response, caller, seconds=time.monotonic() - started)
        return response

    return handle


def _log(request: HttpRequest, response: HttpResponse, caller: Caller, *, seconds: float) -> None:
    log.info(
        "call answered",
        extra={
            "action": "rest.answered",
            "method": request.method,
            # A token that was part of it is gone: `TokenParameterMiddleware` comes before.
            "path": request.get_full_path(),
            "status": response.status_code,
            "duration_ms": round(seconds * 1000, 1),
            "username": caller.login,
            "tenant": caller.tenant,
            "address": client_address(request.META, trusted_proxies=settings.TRUSTED_PROXIES),
        },
    )
