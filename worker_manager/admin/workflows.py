"""Configured workflows: their form, and their chain drawn."""

from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from regards_processing.kernel.configuration.item_admin import ItemAdmin
from regards_processing.kernel.rest.services import RS_WORKER_MANAGER, Service
from worker_manager.admin.chains import drawn_chain
from worker_manager.configuration import workflow_items
from worker_manager.configuration.workflow_steps import WorkflowStep
from worker_manager.models import WorkerType, Workflow

#: Names that are offered for a step.
_SUGGESTED = 500


@admin.register(Workflow)
class WorkflowAdmin(ItemAdmin):
    """Configured workflows, drawn as chains."""

    service: ClassVar[Service] = RS_WORKER_MANAGER
    key = workflow_items.KEY
    name_column = "workflow_type"
    list_display = ("workflow_type", "chain", "keep_errors", "tenant")
    list_filter = ("tenant",)
    list_select_related = ("tenant",)
    search_fields = ("workflow_type",)
    ordering = ("workflow_type",)

    def suggestions(self) -> dict[str, list[str]]:
        """Offer the worker types that somebody configured."""
        configured = WorkerType.objects.across_tenants(because="the tenant is chosen in the form")
        names = configured.order_by("worker_type").values_list("worker_type", flat=True).distinct()
        return {"steps.workerType": list(names[:_SUGGESTED])}

    def drawing(self, request: HttpRequest, row: Any) -> SafeString:  # noqa: ARG002 (the drawing links nothing)
        """Draw the chain, with what flows from step to step and who is alive."""
        steps = [WorkflowStep.from_value(step) for step in row.steps]
        return drawn_chain(tenant=row.tenant, workflow_type=row.workflow_type, steps=steps)

    @admin.display(description="chain")
    def chain(self, workflow: Workflow) -> SafeString:
        """Write the steps in order."""
        steps = map(WorkflowStep.from_value, workflow.steps)
        links = ((step.number, " + ".join(step.worker_types)) for step in steps)
        return format_html_join(" → ", "<b>{}</b>&nbsp;{}", links)
