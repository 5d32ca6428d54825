"""A span for every call of the web process, below the caller's own."""

from collections.abc import Callable
from typing import Final

from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponseBase

from regards_processing.kernel import correlation
from regards_processing.kernel.auth.identity import Caller
from regards_processing.kernel.observability import tracing
from regards_processing.kernel.observability.log_context import bind, log_context
from regards_processing.kernel.observability.middleware import route_of
from workers.contract.headers import TRACE_PARENT
from workers.contract.trace_parent import TraceParent
from workers.observability import span_attributes as names

GetResponse = Callable[[HttpRequest], HttpResponseBase]

# The names of OpenTelemetry's semantic conventions.
_METHOD: Final = "http.request.method"
_ROUTE: Final = "http.route"
_STATUS: Final = "http.response.status_code"


class TracesMiddleware:
    """Records calls; messages that they cause carry the span on. Without tracing it is not there at all."""

    def __init__(self, get_response: GetResponse) -> None:
        """Join the chain, or stay out of it.

        Raises:
            MiddlewareNotUsed: tracing is off.
        """
        self._get_response = get_response
        if not tracing.is_on():
            raise MiddlewareNotUsed

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Record a call."""
        recorder = tracing.recorder()
        if recorder is None:
            return self._get_response(request)
        parent = TraceParent.parse(request.headers.get(TRACE_PARENT))
        verb = request.method or ""
        with (
            recorder.call(name=verb, parent=parent) as call,
            tracing.under(call.ids),
            log_context(),
        ):
            bind(trace_id=call.ids.trace_id)
            response = self._get_response(request)
            call.answered(
                name=f"{verb} {route_of(request)}",
                status=response.status_code,
                attributes=_attributes(request, response),
            )
        return response


def _attributes(request: HttpRequest, response: HttpResponseBase) -> tracing.Attributes:
    """Return what a call was about; its path is left out: it may hold what nobody else should read."""
    caller = getattr(request, "user", None)
    known = {
        _METHOD: request.method,
        _ROUTE: route_of(request),
        _STATUS: response.status_code,
        names.CORRELATION_ID: correlation.current(),
        names.TENANT: caller.tenant if isinstance(caller, Caller) else None,
    }
    return {name: value for name, value in known.items() if value is not None}
