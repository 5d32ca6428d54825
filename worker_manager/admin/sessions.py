"""What requests count for in their sessions."""

from typing import ClassVar

from django.contrib import admin
from django.utils.safestring import SafeString

from regards_processing.kernel.admin import ReadOnlyAdmin
from regards_processing.kernel.admin_filters import text_filter
from regards_processing.kernel.admin_links import link, list_address
from worker_manager.models import Request, SessionStep


@admin.register(SessionStep)
class SessionStepAdmin(ReadOnlyAdmin):
    """Sessions, with links to their requests."""

    list_display = (
        "source",
        "session",
        "input_related",
        "output_related",
        "waiting",
        "running",
        "errors",
        "last_update_at",
        "requests",
        "tenant",
    )
    list_filter = ("tenant", text_filter("source", "source"), text_filter("session", "session"))
    list_select_related = ("tenant",)
    search_fields = ("source", "session")
    ordering = ("-last_update_at", "-pk")
    tells_of: ClassVar = {"requests": (Request,)}

    @admin.display(description="requests")
    def requests(self, step: SessionStep) -> SafeString:
        """Link the requests of the session that are on their way or failed."""
        return link(
            list_address(Request, tenant__id__exact=step.tenant_id, source=step.source, session=step.session),
            "requests",
        )
