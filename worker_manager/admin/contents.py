"""Contents of requests in the admin: their beginning on the page, the whole to download."""

from typing import Any, Final

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from regards_processing.kernel.rest.downloads import download
from worker_manager.models import Request
from worker_manager.services.request_details import ContentUnavailable, Which, payload_of, stored_content

_SHOWN_BYTES: Final = 2000
_ROUTE: Final = "worker_manager_request_content"


class ContentsMixin(admin.ModelAdmin):  # type: ignore[type-arg] # not generic at run time
    """Shows the contents of a request."""

    def get_urls(self) -> list[URLPattern]:
        """Add an address for each content."""
        view = self.admin_site.admin_view(self._download)
        return [path("<int:pk>/content/<str:which>/", view, name=_ROUTE), *super().get_urls()]

    @admin.display(description="body of the current step")
    def current_body(self, request: Request) -> SafeString:
        """Show the beginning of what the current step gets."""
        return _shown(request, Which.CURRENT)

    @admin.display(description="body that the client sent")
    def original_body(self, request: Request) -> SafeString:
        """Show the beginning of what the client sent."""
        return _shown(request, Which.ORIGINAL)

    def _download(self, request: HttpRequest, pk: int, which: str) -> HttpResponse:
        found: Any = self.get_object(request, str(pk))
        if not self.has_view_permission(request, found):
            raise PermissionDenied
        if found is None or which not in list(Which):
            raise Http404
        try:
            content = payload_of(tenant=found.tenant, request=found, which=Which(which))
        except ContentUnavailable as error:
            raise Http404(str(error)) from error
        return download(content, name=found.request_id, ending=f"{which}.bin")


def _shown(request: Request, which: Which) -> SafeString:
    address = reverse(f"admin:{_ROUTE}", args=[request.pk, which.value])
    stored = stored_content(tenant=request.tenant, request=request) if which is Which.CURRENT else None
    if stored is not None:
        # Not read for a look at its beginning.
        text = '{} bytes in {} of the shared storage<br><a href="{}">Download</a>'
        return format_html(text, stored.size, stored.place, address)
    body = payload_of(tenant=request.tenant, request=request, which=which)
    more = f"… ({len(body)} bytes)" if len(body) > _SHOWN_BYTES else ""
    return format_html(
        '<pre>{}{}</pre><a href="{}">Download</a>',
        body[:_SHOWN_BYTES].decode("utf-8", errors="replace"),
        more,
        address,
    )
