"""The page, and its panels alone for a page that is open."""

import hashlib
from typing import Any, Final

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.cache import get_conditional_response
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.http import require_safe

from regards_processing.dashboard.links import Links
from regards_processing.dashboard.panels import Scope
from regards_processing.dashboard.sources import sources_for
from regards_processing.dashboard.stream import panel_of
from regards_processing.kernel import clock
from regards_processing.kernel.tenancy.models import Tenant
from regards_processing.kernel.tenancy.queries import UnknownTenant, every_tenant, tenants

#: Nothing comes from elsewhere, and nothing that is written in the page is a script.
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_UNAUTHORIZED: Final = 401
_NO_CONTENT: Final = 204
#: Seconds.
_A_DAY: Final = 86_400


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Show the whole page; its panels are those of now, so that it needs no script."""
    tenant = _tenant(request)
    context = {
        **_panels(request, tenant),
        "tenant": tenant,
        "tenants": every_tenant(),
        "refresh": settings.DASHBOARD_REFRESH,
        "site_title": admin.site.site_title,
    }
    response = render(request, "dashboard/page.html", context)
    response["Content-Security-Policy"] = _POLICY
    return response


@require_safe
@never_cache
def panels(request: HttpRequest) -> HttpResponseBase:
    """Return the panels as they are now; 304 when they are as the caller has them, 401 without a session."""
    if not admin.site.has_permission(request):
        return HttpResponse("Sign in again\n", status=_UNAUTHORIZED, content_type="text/plain")
    response = render(request, "dashboard/panels.html", _panels(request, _tenant(request)))
    response["Content-Security-Policy"] = _POLICY
    response["ETag"] = etag = f'"{hashlib.sha256(response.content).hexdigest()[:32]}"'
    answer = get_conditional_response(request, etag=etag, response=response)
    return answer or response


@require_safe
@cache_control(max_age=_A_DAY)
def no_icon(_request: HttpRequest) -> HttpResponse:
    """Say that there is no icon: browsers ask for one of any page, and an error would be written down."""
    return HttpResponse(status=_NO_CONTENT)


def _panels(request: HttpRequest, tenant: Tenant | None) -> dict[str, Any]:
    sources = sources_for(request)
    if not sources:
        raise PermissionDenied
    scope, links = Scope(tenant=tenant, at=clock.now()), Links(request=request, tenant=tenant)
    found = [panel_of(source, scope=scope, links=links) for source in sources]
    return {"panels": found, "figures": [figure for panel in found for figure in panel.figures]}


def _tenant(request: HttpRequest) -> Tenant | None:
    """Return the tenant that is meant; none for all of them."""
    name = request.GET.get("tenant", "")
    try:
        return tenants(names=[name])[0] if name else None
    except UnknownTenant as error:
        raise Http404(str(error)) from error
