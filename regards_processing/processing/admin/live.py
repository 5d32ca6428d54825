"""What the page of an execution shows while it goes on: its status, and the last lines of its program."""

from typing import Any, Final
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, JsonResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from regards_processing.processing.log_tails import log_tail
from regards_processing.processing.models import Execution

_ROUTE: Final = "processing_execution_live"


class LiveMixin(admin.ModelAdmin):  # type: ignore[type-arg] # not generic at run time
    """Shows the end of the log; a script on the page asks for it again while the execution goes on."""

    def get_urls(self) -> list[URLPattern]:
        """Add an address for what changes."""
        view = self.admin_site.admin_view(self._live)
        return [path("<uuid:pk>/live/", view, name=_ROUTE), *super().get_urls()]

    @admin.display(description="end of the log")
    def end_of_log(self, execution: Execution) -> SafeString:
        """Show the last lines of the program."""
        lines = log_tail(tenant=execution.tenant, execution_id=execution.pk).lines
        address = reverse(f"admin:{_ROUTE}", args=[execution.pk]) if execution.deadline_at else ""
        return format_html(
            '<pre class="log-tail" tabindex="0" data-live="{}" data-shown="{}">{}</pre>',
            address,
            _state_of(execution),
            "\n".join(lines) or "nothing yet",
        )

    def _live(self, request: HttpRequest, pk: UUID) -> JsonResponse:
        found: Any = self.get_object(request, str(pk))
        if not self.has_view_permission(request, found):
            raise PermissionDenied
        if found is None:
            raise Http404
        tail = log_tail(tenant=found.tenant, execution_id=pk)
        return JsonResponse(
            {"state": _state_of(found), "isOpen": found.deadline_at is not None, "lines": tail.lines},
            headers={"Cache-Control": "no-store"},
        )


def _state_of(execution: Execution) -> str:
    """Return a text that changes when there is more to see than lines of the log."""
    return f"{execution.status} {len(execution.steps)} {execution.held}"
