"""Configured worker types."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import OuterRef, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from regards_processing.kernel import clock
from regards_processing.kernel.admin_links import link, may_view, viewable_list
from regards_processing.kernel.configuration.item_admin import ItemAdmin
from regards_processing.kernel.rest.services import RS_WORKER_MANAGER, Service
from worker_manager.admin.counting import alive, count_by
from worker_manager.admin.links import fleet_address
from worker_manager.admin.statistics import last_hour
from worker_manager.configuration import worker_items
from worker_manager.models import Request, WorkerInstance, WorkerType


@admin.register(WorkerType)
class WorkerTypeAdmin(ItemAdmin):
    """Configured worker types, and how many instances serve them now."""

    service: ClassVar[Service] = RS_WORKER_MANAGER
    key = worker_items.KEY
    name_column = "worker_type"
    list_display = ("worker_type", "inputs_of", "content_type_out", "keep_errors", "live_instances", "tenant")
    list_filter = ("tenant",)
    list_select_related = ("tenant",)
    search_fields = ("worker_type", "inputs__content_type")
    ordering = ("worker_type",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[WorkerType]:
        """Read inputs and counts of a page at once."""
        found: QuerySet[WorkerType] = super().get_queryset(request)
        serving = WorkerInstance.objects.filter(alive(), worker_type=OuterRef("worker_type"))
        return found.prefetch_related("inputs").annotate(live=count_by(serving, by="worker_type"))

    def drawing(self, request: HttpRequest, row: Any) -> SafeString:
        """Link the fleet and the requests, and tell what it did of late."""
        name = row.worker_type
        told = f"Fleet of {name}: {row.live or 0} alive"
        first = [link(fleet_address(name), told) if may_view(request, WorkerInstance) else told]
        requests = viewable_list(request, Request, step_worker_type=name, tenant__id__exact=row.tenant_id)
        if requests:
            first.append(link(requests, "its requests"))
        did = last_hour(tenant=row.tenant, worker_type=name, at=clock.now())
        lines = format_html_join(" | ", "{}", ((each,) for each in first))
        return format_html("<p>{}</p><p>{}</p>", lines, did)

    @admin.display(description="input content types")
    def inputs_of(self, worker: WorkerType) -> str:
        """Show the content types that go to it."""
        return ", ".join(sorted(entry.content_type for entry in worker.inputs.all()))

    @admin.display(description="live instances", ordering="live")
    def live_instances(self, worker: Any) -> int:
        """Show how many instances beat within the expiry."""
        return worker.live or 0
