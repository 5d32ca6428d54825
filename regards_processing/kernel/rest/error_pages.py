"""Errors outside the endpoints: JSON below ``/api/``, Django's pages elsewhere."""

import sys
from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse
from django.views import defaults

from regards_processing.kernel.rest import errors
from regards_processing.kernel.rest.renderers import JsonRenderer, to_json, wants_indent
from regards_processing.kernel.rest.resources import PREFIX


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 400."""
    if not concerns_api(request):
        return defaults.bad_request(request, exception)
    return answer(request, status=400, messages=[str(exception) or "Bad request"])


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 403."""
    if not concerns_api(request):
        return defaults.permission_denied(request, exception)
    return answer(request, status=403, messages=[str(exception) or "Access denied"])


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 404."""
    if not concerns_api(request):
        return defaults.page_not_found(request, exception)
    return answer(request, status=404, messages=[f"There is no endpoint {request.path}"])


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 500; Django has logged the error."""
    if not concerns_api(request):
        return defaults.server_error(request)
    return answer(request, status=500, messages=[errors.unexpected(sys.exception())])


def concerns_api(request: HttpRequest) -> bool:
    """Say whether a call is for a service."""
    return request.path.startswith(f"/{PREFIX}")


def answer(request: HttpRequest, *, status: int, messages: Sequence[str]) -> HttpResponse:
    """Return the JSON answer of an error."""
    told = to_json(errors.body(messages, path=request.path), pretty=wants_indent(request))
    return HttpResponse(told, status=status, content_type=JsonRenderer.media_type)
