"""Pages of which one tells its span, and one has a mistake."""

from django.http import HttpRequest, HttpResponse
from django.urls import path

from regards_processing.kernel.observability.tracing import current


def _current(_request: HttpRequest) -> HttpResponse:
    return HttpResponse(current())


def _broken(_request: HttpRequest) -> HttpResponse:
    raise ValueError("a mistake")


urlpatterns = [path("current", _current), path("broken", _broken)]
