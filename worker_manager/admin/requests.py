"""Requests on their way: lists and pages for operators, and the orders about them."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from regards_processing.kernel import clock
from regards_processing.kernel.admin import ReadOnlyAdmin
from worker_manager.admin.orders import OrdersMixin
from worker_manager.models import Request
from worker_manager.services.explanation import explain_request

_SHOWN_BYTES = 2000


@admin.register(Request)
class RequestAdmin(OrdersMixin, ReadOnlyAdmin):
    """Requests on their way, and the orders about them."""

    list_display = (
        "request_id",
        "status",
        "content_type",
        "source",
        "session",
        "step_number",
        "step_worker_type",
        "attempt",
        "creation_date",
        "moved_at",
        "tenant",
    )
    list_filter = ("status", "tenant", "step_worker_type", "creation_date")
    list_select_related = ("tenant",)
    search_fields = ("request_id", "source", "session", "content_type")
    search_help_text = "Request id, source, session or content type"
    ordering = ("-pk",)
    exclude = ("content", "original_content", "digest")
    readonly_fields = ("why_it_waits", "current_body")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Request]:
        """Leave the payloads out of lists."""
        found: QuerySet[Request] = super().get_queryset(request)
        return found.defer("content", "original_content")

    @admin.display(description="why it waits")
    def why_it_waits(self, request: Request) -> SafeString:
        """List the reasons, what matters most first."""
        found = explain_request(tenant=request.tenant, request=request, at=clock.now())
        lines = ((reason.code.value, reason.text) for reason in found.reasons)
        return format_html("<ul>{}</ul>", format_html_join("", "<li><b>{}</b>: {}</li>", lines))

    @admin.display(description="body of the current step")
    def current_body(self, request: Request) -> str:
        """Show the beginning of what the current step gets."""
        body = request.body
        more = f"… ({len(body)} bytes)" if len(body) > _SHOWN_BYTES else ""
        return body[:_SHOWN_BYTES].decode("utf-8", errors="replace") + more
