"""The live fleets."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.db.models import OuterRef, Q, QuerySet
from django.http import HttpRequest

from regards_processing.kernel import clock
from regards_processing.kernel.admin import ReadOnlyAdmin
from worker_manager.admin.counting import alive, count_by
from worker_manager.models import Request, WorkerInstance
from worker_manager.states import RequestStatus


class AliveFilter(admin.SimpleListFilter):
    """Keep instances that are alive, or that are not."""

    title = "alive"
    parameter_name = "alive"

    def lookups(self, *_args: Any) -> list[tuple[str, str]]:
        """Offer both."""
        return [("yes", "alive"), ("no", "silent")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:  # noqa: ARG002
        """Apply the choice."""
        conditions = {"yes": alive(), "no": ~alive()}
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
        return found.annotate(runs=count_by(running, by="worker_id"))

    @admin.display(boolean=True, description="alive")
    def is_alive(self, instance: WorkerInstance) -> bool:
        """Show whether it beat within the expiry."""
        return instance.beaten_at > clock.now() - timedelta(seconds=settings.HEARTBEAT_EXPIRY)

    @admin.display(description="running requests")
    def running(self, instance: Any) -> int:
        """Show how many requests it said it runs."""
        return instance.runs or 0
