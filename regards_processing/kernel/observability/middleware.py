"""What the web process adds to every call: answers to probes, measures, facts for the log."""

import re
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from regards_processing.kernel.observability import probes
from regards_processing.kernel.observability.log_context import bind, log_context
from regards_processing.kernel.observability.metrics import HTTP_REQUESTS
from regards_processing.kernel.operator_pages import is_for_operators
from workers.observability.answers import MEASURES, Answer, answer

GetResponse = Callable[[HttpRequest], HttpResponseBase]

_VERBS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_VARIABLE: Final = re.compile(r"<(?:\w+:)?(\w+)>")


class ProbesMiddleware:
    """Answers probes before anything else: by whatever host name, without session, counted nowhere."""

    def __init__(self, get_response: GetResponse) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer a probe, or let the call through."""
        if request.method not in {"GET", "HEAD"}:
            return self._get_response(request)
        if request.path_info.rstrip("/") in MEASURES and not settings.METRICS_TOKEN and not settings.EMBEDDED:
            return HttpResponse(
                "Set METRICS_TOKEN to have measures on this port\n", status=HTTPStatus.FORBIDDEN
            )
        found = answer(
            probes.web(), path=request.path_info, authorization=request.headers.get("Authorization")
        )
        return self._get_response(request) if found is None else _response(found)


class CallsMiddleware:
    """Measures every call, and gives its log lines what is known of it."""

    def __init__(self, get_response: GetResponse) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Measure a call."""
        started = time.perf_counter()
        with log_context():
            response = self._get_response(request)
        verb = request.method if request.method in _VERBS else "OTHER"
        measured = HTTP_REQUESTS.labels(verb, route_of(request), str(response.status_code))
        measured.observe(time.perf_counter() - started)
        return response

    def process_view(self, request: HttpRequest, *_view: Any) -> None:
        """Name the operator in log lines of their pages; REST endpoints name their callers themselves."""
        if is_for_operators(request) and request.user.is_authenticated:
            bind(username=request.user.get_username())


def route_of(request: HttpRequest) -> str:
    """Return the template of the path, of which there are few; never the path itself."""
    match = request.resolver_match
    if match is not None:
        return "/" + _VARIABLE.sub(r"{\1}", match.route)
    return "/static/**" if request.path_info.startswith(f"/{settings.STATIC_URL.strip('/')}/") else "UNKNOWN"


def _response(found: Answer) -> HttpResponse:
    response = HttpResponse(found.body, status=found.status, content_type=found.content_type)
    if found.status is HTTPStatus.UNAUTHORIZED:
        response["WWW-Authenticate"] = "Bearer"
    return response
