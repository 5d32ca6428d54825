"""The engine in the admin: read-only lists, filters and pages for operators."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from regards_processing.kernel import clock
from regards_processing.kernel.admin import ReadOnlyAdmin, ReadOnlyInline
from worker_manager.admin_orders import OrdersMixin
from worker_manager.models import (
    FinishedRequest,
    InputContentType,
    Request,
    WorkerInstance,
    WorkerType,
    Workflow,
)
from worker_manager.services.explanation import explain_request
from worker_manager.states import RequestStatus

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


class InputInline(ReadOnlyInline):
    """Content types that go to a worker type."""

    model = InputContentType
    fields = ("content_type",)


@admin.register(WorkerType)
class WorkerTypeAdmin(ReadOnlyAdmin):
    """Configured worker types, and how many instances serve them now."""

    list_display = ("worker_type", "inputs_of", "content_type_out", "keep_errors", "live_instances", "tenant")
    list_filter = ("tenant",)
    list_select_related = ("tenant",)
    search_fields = ("worker_type", "inputs__content_type")
    ordering = ("worker_type",)
    inlines = (InputInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[WorkerType]:
        """Read inputs and counts of a page at once."""
        found: QuerySet[WorkerType] = super().get_queryset(request)
        alive = WorkerInstance.objects.filter(_alive(), worker_type=OuterRef("worker_type"))
        return found.prefetch_related("inputs").annotate(live=_count(alive, by="worker_type"))

    @admin.display(description="input content types")
    def inputs_of(self, worker: WorkerType) -> str:
        """Show the content types that go to it."""
        return ", ".join(sorted(entry.content_type for entry in worker.inputs.all()))

    @admin.display(description="live instances", ordering="live")
    def live_instances(self, worker: Any) -> int:
        """Show how many instances beat within the expiry."""
        return worker.live or 0


@admin.register(Workflow)
class WorkflowAdmin(ReadOnlyAdmin):
    """Configured workflows, drawn as chains."""

    list_display = ("workflow_type", "chain", "keep_errors", "tenant")
    list_filter = ("tenant",)
    list_select_related = ("tenant",)
    search_fields = ("workflow_type",)
    ordering = ("workflow_type",)
    readonly_fields = ("chain",)

    @admin.display(description="chain")
    def chain(self, workflow: Workflow) -> SafeString:
        """Draw the steps in order."""
        steps = ((step["stepNumber"], step["workerType"]) for step in workflow.steps)
        return format_html_join(" → ", "<b>{}</b>&nbsp;{}", steps)


class AliveFilter(admin.SimpleListFilter):
    """Keep instances that are alive, or that are not."""

    title = "alive"
    parameter_name = "alive"

    def lookups(self, *_args: Any) -> list[tuple[str, str]]:
        """Offer both."""
        return [("yes", "alive"), ("no", "silent")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:  # noqa: ARG002
        """Apply the choice."""
        conditions = {"yes": _alive(), "no": ~_alive()}
        return queryset.filter(conditions.get(self.value() or "", Q()))


@admin.register(WorkerInstance)
class WorkerInstanceAdmin(ReadOnlyAdmin):
    """The live fleets: one line an instance."""

    list_display = (
        "worker_type",
        "worker_id",
        "is_alive",
        "beaten_at",
        "protocol",
        "concurrency",
        "running",
        "version",
        "first_beaten_at",
    )
    list_filter = (AliveFilter, "worker_type", "protocol")
    search_fields = ("worker_type", "worker_id")
    ordering = ("worker_type", "worker_id")

    def get_queryset(self, request: HttpRequest) -> QuerySet[WorkerInstance]:
        """Count what runs on each instance of a page at once."""
        found: QuerySet[WorkerInstance] = super().get_queryset(request)
        requests = Request.objects.across_tenants(because="a worker serves every tenant")
        running = requests.filter(status=RequestStatus.RUNNING, worker_id=OuterRef("worker_id"))
        return found.annotate(runs=_count(running, by="worker_id"))

    @admin.display(boolean=True, description="alive")
    def is_alive(self, instance: WorkerInstance) -> bool:
        """Show whether it beat within the expiry."""
        return instance.beaten_at > clock.now() - timedelta(seconds=settings.HEARTBEAT_EXPIRY)

    @admin.display(description="running requests")
    def running(self, instance: Any) -> int:
        """Show how many requests it said it runs."""
        return instance.runs or 0


def _count(rows: QuerySet[Any], *, by: str) -> Subquery:
    return Subquery(rows.order_by().values(by).annotate(n=Count("pk")).values("n"))


def _alive() -> Q:
    return Q(beaten_at__gt=clock.now() - timedelta(seconds=settings.HEARTBEAT_EXPIRY))
