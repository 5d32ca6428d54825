"""Requests on their way: lists and pages for operators, and the orders about them."""

from typing import Any, ClassVar, Final

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from regards_processing.kernel import clock
from regards_processing.kernel.admin import ReadOnlyAdmin
from regards_processing.kernel.admin_filters import text_filter
from regards_processing.kernel.admin_links import link, list_address
from regards_processing.kernel.admin_moments import age
from worker_manager.admin.chains import drawn_chain
from worker_manager.admin.contents import ContentsMixin
from worker_manager.admin.filters import (
    ReceptionFilter,
    StepWorkerTypeFilter,
    StoredStatusFilter,
    source_and_session,
)
from worker_manager.admin.gone import GoneMixin
from worker_manager.admin.links import fleet_address
from worker_manager.admin.orders import OrdersMixin
from worker_manager.admin.trails import attempts_table, steps_table
from worker_manager.configuration.workflow_steps import WorkflowStep
from worker_manager.models import Request, WorkerInstance
from worker_manager.services.explanation import explain_request
from worker_manager.workflow_plan import Plan

_FIRST: Final = (
    "request_id",
    "tenant",
    "status",
    "why_it_waits",
    "error",
    "chain",
    "age",
    "since",
    "content_type",
    "of_session",
    "fleet",
    "steps_taken",
    "attempts_made",
    "current_body",
    "original_body",
)
_SHOWN_OTHERWISE: Final = frozenset({"source", "session", "plan"})
_HIDDEN: Final = ("content", "stored_content", "original_content", "digest")


@admin.register(Request)
class RequestAdmin(OrdersMixin, ContentsMixin, GoneMixin, ReadOnlyAdmin):
    """Requests on their way, and the orders about them."""

    list_display = (
        "request_id",
        "status",
        "content_type",
        source_and_session,
        "step",
        "age",
        "since",
        "tenant",
        "attempt",
    )
    list_filter = (
        StoredStatusFilter,
        "tenant",
        StepWorkerTypeFilter,
        ReceptionFilter,
        text_filter("request_id", "request id"),
        text_filter("source", "source"),
        text_filter("session", "session"),
        text_filter("content_type", "content type"),
        "creation_date",
    )
    list_select_related = ("tenant",)
    search_fields = ("request_id", "source", "session", "content_type")
    search_help_text = "Request id, source, session or content type"
    ordering = ("-pk",)
    exclude = _HIDDEN
    tells_of: ClassVar = {"fleet": (WorkerInstance,)}
    readonly_fields = (
        "why_it_waits",
        "chain",
        "age",
        "since",
        "of_session",
        "fleet",
        "steps_taken",
        "attempts_made",
        "current_body",
        "original_body",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Request]:
        """Leave out of lists what is big."""
        found: QuerySet[Request] = super().get_queryset(request)
        return found.defer("content", "original_content", "trail")

    def get_fieldsets(self, request: HttpRequest, obj: Request | None = None) -> list[tuple[Any, Any]]:  # noqa: ARG002 (Django's signature)
        """Show first what an operator asks for, and every other column below."""
        shown = {*_FIRST, *_SHOWN_OTHERWISE, *_HIDDEN}
        columns = (field for field in self.opts.concrete_fields if field.editable and not field.primary_key)
        others = [field.name for field in columns if field.name not in shown]
        first = self.shown(request, _FIRST)
        return [(None, {"fields": first}), ("All columns", {"fields": others, "classes": ["collapse"]})]

    @admin.display(description="step", ordering="step_worker_type")
    def step(self, request: Request) -> str:
        """Show number, in a workflow, and worker type of the step that it is at."""
        # None of its own while branches of a parallel step are under way: the first one's is shown.
        worker_type = request.step_worker_type or request.dispatched_worker_type
        told = worker_type or "nothing is configured"
        of_workflow = request.plan and Plan.from_json(request.plan).workflow_type
        return f"{request.step_number}: {told}" if of_workflow else told

    @admin.display(description="age", ordering="creation_date")
    def age(self, request: Request) -> SafeString:
        """Show how long ago it was received, and when."""
        return age(request.creation_date)

    @admin.display(description="last sign", ordering="moved_at")
    def since(self, request: Request) -> SafeString:
        """Show how long ago it was dispatched or a worker gave a sign, and when."""
        return age(request.moved_at)

    @admin.display(description="why it waits")
    def why_it_waits(self, request: Request) -> SafeString:
        """List the reasons, what matters most first."""
        found = explain_request(tenant=request.tenant, request=request, at=clock.now())
        lines = ((reason.code.value, reason.text) for reason in found.reasons)
        items = format_html_join("", "<li><b>{}</b>: {}</li>", lines)
        return format_html('<ul style="margin: 0; padding: 0">{}</ul>', items)

    @admin.display(description="chain")
    def chain(self, request: Request) -> SafeString | str:
        """Draw the workflow that it follows, and where it is."""
        plan = Plan.from_json(request.plan) if request.plan else None
        if plan is None or plan.workflow_type is None:
            return "one step" if plan else "not known before its first dispatch"
        drawn = drawn_chain(
            tenant=request.tenant,
            workflow_type=plan.workflow_type,
            steps=[
                WorkflowStep(step.number, step.workers, condition=step.condition, repeat=step.repeat)
                for step in plan.steps
            ],
            current=request.step_number,
            round=request.repeats + 1 if plan.loop_of(request.step_number) else None,
            checked=False,
        )
        return format_html('<div style="overflow-x: auto" tabindex="0">{}</div>', drawn)

    @admin.display(description="source and session")
    def of_session(self, request: Request) -> SafeString:
        """Link the requests of the same session."""
        same = {"tenant__id__exact": request.tenant_id, "source": request.source, "session": request.session}
        return link(list_address(Request, **same), f"{request.source}, {request.session}")

    @admin.display(description="fleet")
    def fleet(self, request: Request) -> SafeString | str:
        """Link the fleet of its step."""
        worker_type = request.step_worker_type or request.dispatched_worker_type
        return link(fleet_address(worker_type), worker_type) if worker_type else "nothing is configured"

    @admin.display(description="steps")
    def steps_taken(self, request: Request) -> SafeString:
        """Show the steps so far, with their durations."""
        return steps_table(request.trail)

    @admin.display(description="attempts")
    def attempts_made(self, request: Request) -> SafeString:
        """Show each attempt that is known."""
        return attempts_table(request.trail)
