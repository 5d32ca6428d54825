"""Requests that have ended."""

from datetime import timedelta

from django.contrib import admin

from regards_processing.kernel.admin import ReadOnlyAdmin
from worker_manager.models import FinishedRequest


@admin.register(FinishedRequest)
class FinishedRequestAdmin(ReadOnlyAdmin):
    """Requests whose row has gone."""

    list_display = (
        "request_id",
        "status",
        "content_type",
        "source",
        "session",
        "duration",
        "finished_at",
        "tenant",
    )
    list_filter = ("status", "tenant", "worker_type", "finished_at")
    list_select_related = ("tenant",)
    search_fields = ("request_id", "source", "session", "content_type")
    ordering = ("-pk",)
    exclude = ("digest",)

    @admin.display(description="duration")
    def duration(self, finished: FinishedRequest) -> timedelta:
        """Show the time from reception to end."""
        return finished.finished_at - finished.creation_date
