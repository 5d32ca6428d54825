"""Executions in the admin: where they are, why they wait, what they took and made."""

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, ClassVar, Final

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from regards_processing.kernel import clock
from regards_processing.kernel.admin import ReadOnlyAdmin
from regards_processing.kernel.admin_filters import AgeFilter, text_filter
from regards_processing.kernel.admin_moments import ago
from regards_processing.kernel.admin_tables import table
from regards_processing.kernel.readable_durations import readable_duration
from regards_processing.processing.admin.links import (
    batch_link,
    process_link,
    request_link,
    retry_links,
)
from regards_processing.processing.admin.live import LiveMixin
from regards_processing.processing.admin.orders import ExecutionOrdersMixin
from regards_processing.processing.admin.outputs import OutputsMixin
from regards_processing.processing.models import Batch, Execution, Process
from regards_processing.processing.services.endings import ExecutionEnded
from regards_processing.processing.services.waiting import explain_execution
from regards_processing.processing.states import OPEN
from worker_manager.models import FinishedRequest, Request

_FIRST: Final = (
    "tenant",
    "status",
    "why_it_waits",
    "process_of",
    "batch_of",
    "user_email",
    "correlation_id",
    "again",
    "duration",
    "steps_taken",
    "end_of_log",
    "files_taken",
    "files_made",
    "engine_request",
)
_BIG: Final = ("log", "input_files", "process_info")
_HIDDEN: Final = frozenset(
    {"log", "steps", "input_files", "correlation_digest", "batch", "process_name", "retry_of"}
)


class CreationFilter(AgeFilter):
    """How long ago executions were ordered."""

    title = "age"
    parameter_name = "older"
    column = "created"


@admin.register(Execution)
class ExecutionAdmin(ExecutionOrdersMixin, OutputsMixin, LiveMixin, ReadOnlyAdmin):
    """Executions, and the orders about them."""

    change_form_template = "admin/processing/execution/change_form.html"
    list_display = (
        "id",
        "process_name",
        "status",
        "age",
        "since",
        "last_message",
        "user_email",
        "correlation_id",
        "tenant",
    )
    list_filter = (
        "status",
        "tenant",
        CreationFilter,
        text_filter("process_name", "process"),
        text_filter("user_email", "user"),
        "held",
        "created",
    )
    list_select_related = ("tenant",)
    search_fields = (
        "id",
        "correlation_id",
        "batch_correlation_id",
        "process_name",
        "process_id",
        "user_email",
    )
    search_help_text = "Id, correlation id of the execution or of its batch, process or user"
    tells_of: ClassVar = {
        "process_of": (Process,),
        "batch_of": (Batch,),
        "engine_request": (Request, FinishedRequest),
    }
    otherwise: ClassVar = {"process_of": "process_name", "batch_of": "batch_correlation_id"}
    ordering = ("-created", "pk")
    readonly_fields = (
        "why_it_waits",
        "process_of",
        "batch_of",
        "again",
        "duration",
        "steps_taken",
        "end_of_log",
        "files_taken",
        "files_made",
        "engine_request",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Execution]:
        """Leave out of lists what is big."""
        found: QuerySet[Execution] = super().get_queryset(request)
        return found.select_related("tenant").defer(*_BIG)

    def get_fieldsets(self, request: HttpRequest, obj: Execution | None = None) -> list[tuple[Any, Any]]:
        """Show first what an operator asks for, the other columns below; what has ended waits no more."""
        waits = obj is not None and obj.status in OPEN
        first = [name for name in self.shown(request, _FIRST) if waits or name != "why_it_waits"]
        columns = (field for field in self.opts.concrete_fields if field.editable)
        others = [field.name for field in columns if field.name not in _HIDDEN.union(_FIRST)]
        return [(None, {"fields": first}), ("All columns", {"fields": others, "classes": ["collapse"]})]

    @admin.display(description="last message")
    def last_message(self, execution: Execution) -> str:
        """Show the beginning of what was said last."""
        return execution.told_steps[-1].message[:120] if execution.steps else ""

    @admin.display(description="age", ordering="created")
    def age(self, execution: Execution) -> SafeString:
        """Show how long ago it was ordered, and when."""
        return ago(execution.created)

    @admin.display(description="last step", ordering="last_updated")
    def since(self, execution: Execution) -> SafeString:
        """Show how long ago its last step was, and when."""
        return ago(execution.last_updated)

    @admin.display(description="why it waits")
    def why_it_waits(self, execution: Execution) -> SafeString | str:
        """List the reasons, what matters most first."""
        try:
            found = explain_execution(tenant=execution.tenant, execution_id=execution.pk, at=clock.now())
        except ExecutionEnded:
            return "it has ended"
        lines = ((reason["code"], reason["text"]) for reason in found.reasons)
        items = format_html_join("", "<li><b>{}</b>: {}</li>", lines)
        return format_html('<ul style="margin: 0; padding: 0">{}</ul>', items)

    @admin.display(description="process")
    def process_of(self, execution: Execution) -> SafeString:
        """Link its process, and its other executions."""
        return process_link(
            tenant=execution.tenant, process_id=execution.process_id, last_name=execution.process_name
        )

    @admin.display(description="batch")
    def batch_of(self, execution: Execution) -> SafeString:
        """Link its batch, and the other executions of that."""
        return batch_link(execution)

    @admin.display(description="tried again")
    def again(self, execution: Execution) -> SafeString | str:
        """Link the execution that this one tries again, and the one that tries this one again."""
        return retry_links(execution)

    @admin.display(description="duration")
    def duration(self, execution: Execution) -> str:
        """Compare what was expected with what it took."""
        expected = readable_duration(execution.expected_duration)
        if execution.run_duration is not None:
            return f"{readable_duration(execution.run_duration)}, expected: {expected}"
        if execution.deadline_at is None:
            return f"no fleet gave a sign of it, expected: {expected}"
        began = next((step.at for step in execution.told_steps[1:]), None)
        if began is None:
            return f"not begun, expected: {expected}"
        return f"{_lasted(began, clock.now())} so far, expected: {expected}"

    @admin.display(description="steps")
    def steps_taken(self, execution: Execution) -> SafeString:
        """List the steps, their times and how long each lasted."""
        told = execution.told_steps
        lasted = [_lasted(step.at, after.at) for step, after in pairwise(told)]
        last = "goes on" if execution.deadline_at else "-"
        lines = (
            (step.status.value, f"{step.at:%Y-%m-%d %H:%M:%S}", time, step.message)
            for step, time in zip(told, [*lasted, last], strict=True)
        )
        return table(("step", "since (UTC)", "lasted", "message"), lines)

    @admin.display(description="request to the engine")
    def engine_request(self, execution: Execution) -> SafeString | str:
        """Link the request that carries it out, with its attempts."""
        return request_link(execution)


def _lasted(since: datetime, until: datetime) -> str:
    return readable_duration(max(0, (until - since) // timedelta(milliseconds=1)))
