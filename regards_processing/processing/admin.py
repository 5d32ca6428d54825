"""Processing in the admin: read-only lists and pages for operators."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from regards_processing.kernel.admin import ReadOnlyAdmin
from regards_processing.processing.models import Batch, Execution, Process


@admin.register(Process)
class ProcessAdmin(ReadOnlyAdmin):
    """Processes, and who may order them."""

    list_display = ("label", "plugin", "active", "role", "linked_to_all_datasets", "process_id", "tenant")
    list_filter = ("tenant", "role")
    list_select_related = ("tenant", "configuration")
    search_fields = ("configuration__label", "configuration__plugin_id", "process_id")
    ordering = ("configuration__label", "pk")
    readonly_fields = ("datasets_of",)

    @admin.display(ordering="configuration__label")
    def label(self, process: Process) -> str:
        """Show its name."""
        return process.configuration.label

    @admin.display(ordering="configuration__plugin_id")
    def plugin(self, process: Process) -> str:
        """Show its plugin."""
        return process.configuration.plugin_id

    @admin.display(description="datasets")
    def datasets_of(self, process: Process) -> str:
        """Show the datasets that it may be ordered for."""
        found = process.datasets.order_by("dataset").values_list("dataset", flat=True)
        return "all" if process.linked_to_all_datasets else ", ".join(found) or "none"

    @admin.display(boolean=True)
    def active(self, process: Process) -> bool:
        """Show whether it can be ordered."""
        return process.configuration.active


@admin.register(Batch)
class BatchAdmin(ReadOnlyAdmin):
    """Batches, and how many executions each has."""

    list_display = ("correlation_id", "process_id", "user_email", "executions_of", "created", "tenant")
    list_filter = ("tenant", "created")
    list_select_related = ("tenant",)
    search_fields = ("correlation_id", "user_email", "process_id")
    ordering = ("-created",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Batch]:
        """Count the executions of a page at once."""
        found: QuerySet[Batch] = super().get_queryset(request)
        return found.annotate(of_it=Count("executions"))

    @admin.display(description="executions", ordering="of_it")
    def executions_of(self, batch: Any) -> int:
        """Show how many there are."""
        return int(batch.of_it)


@admin.register(Execution)
class ExecutionAdmin(ReadOnlyAdmin):
    """Executions: their steps, their files and the end of their log."""

    list_display = (
        "id",
        "process_name",
        "status",
        "user_email",
        "last_message",
        "created",
        "last_updated",
        "tenant",
    )
    list_filter = ("status", "tenant", "process_name", "created")
    list_select_related = ("tenant",)
    search_fields = ("id", "process_name", "batch_correlation_id", "user_email", "process_id")
    ordering = ("-created",)
    exclude = ("steps", "log", "correlation_digest")
    readonly_fields = ("steps_taken", "files_made", "end_of_log")

    @admin.display(description="last message")
    def last_message(self, execution: Execution) -> str:
        """Show what was said last."""
        return execution.told_steps[-1].message[:120] if execution.steps else ""

    @admin.display(description="steps")
    def steps_taken(self, execution: Execution) -> SafeString:
        """List the steps with their times."""
        told = execution.told_steps
        rows = ((f"{step.at:%Y-%m-%d %H:%M:%S}", step.status.value, step.message) for step in told)
        return _table("<tr><td>{}</td><td><b>{}</b></td><td>{}</td></tr>", rows)

    @admin.display(description="output files")
    def files_made(self, execution: Execution) -> SafeString:
        """List the files that it made."""
        files = execution.outputs.order_by("name").values_list("name", "size", "url", "deleted")
        rows = ((name, size, url, "deleted" if deleted else "") for name, size, url, deleted in files)
        return _table("<tr><td>{}</td><td>{} bytes</td><td>{}</td><td>{}</td></tr>", rows)

    @admin.display(description="end of the log")
    def end_of_log(self, execution: Execution) -> SafeString:
        """Show the last lines of the program."""
        return format_html("<pre>{}</pre>", "\n".join(execution.log) or "none")


def _table(row: str, rows: Iterable[tuple[object, ...]]) -> SafeString:
    return format_html("<table>{}</table>", format_html_join("", row, rows))
