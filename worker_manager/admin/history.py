"""Requests that have ended."""

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from regards_processing.kernel.admin import ReadOnlyAdmin
from regards_processing.kernel.admin_filters import text_filter
from regards_processing.kernel.readable_durations import readable_duration
from worker_manager.admin.filters import EndedStatusFilter, LastWorkerTypeFilter, source_and_session
from worker_manager.admin.trails import attempts_table, steps_table
from worker_manager.models import FinishedRequest
from worker_manager.steps_taken import steps_taken
from worker_manager.trail import Trail


@admin.register(FinishedRequest)
class FinishedRequestAdmin(ReadOnlyAdmin):
    """Requests whose row has gone."""

    list_display = (
        "request_id",
        "status",
        "content_type",
        source_and_session,
        "worker_type",
        "duration",
        "finished_at",
        "tenant",
        "attempts",
        "steps",
    )
    list_filter = (
        EndedStatusFilter,
        "tenant",
        LastWorkerTypeFilter,
        text_filter("request_id", "request id"),
        text_filter("source", "source"),
        text_filter("session", "session"),
        text_filter("content_type", "content type"),
        "finished_at",
    )
    list_select_related = ("tenant",)
    search_fields = ("request_id", "source", "session", "content_type")
    search_help_text = "Request id, source, session or content type"
    ordering = ("-pk",)
    exclude = ("digest",)
    readonly_fields = ("duration", "steps_taken", "attempts_made")

    def get_queryset(self, request: HttpRequest) -> QuerySet[FinishedRequest]:
        """Leave out what nobody reads."""
        found: QuerySet[FinishedRequest] = super().get_queryset(request)
        return found.defer("digest")

    @admin.display(description="duration")
    def duration(self, finished: FinishedRequest) -> str:
        """Show the time from reception to end."""
        return readable_duration((finished.finished_at - finished.creation_date) // timedelta(milliseconds=1))

    @admin.display(description="in queue / at work, by step")
    def steps(self, finished: Any) -> str:
        """Show where the time went."""
        taken = steps_taken(Trail.read(finished.trail))
        return ", ".join(
            f"{step.number}: {readable_duration(step.queue_time)} / {readable_duration(step.run_time)}"
            for step in taken
        )

    @admin.display(description="steps")
    def steps_taken(self, finished: FinishedRequest) -> SafeString:
        """Show the steps, with their durations."""
        return steps_table(finished.trail)

    @admin.display(description="attempts")
    def attempts_made(self, finished: FinishedRequest) -> SafeString:
        """Show each attempt that is known."""
        return attempts_table(finished.trail)
