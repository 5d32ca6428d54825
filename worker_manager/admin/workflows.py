"""Configured workflows."""

from django.contrib import admin
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from regards_processing.kernel.admin import ReadOnlyAdmin
from worker_manager.configuration.workflow_steps import WorkflowStep
from worker_manager.models import Workflow


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
        steps = map(WorkflowStep.from_value, workflow.steps)
        links = ((step.number, " + ".join(step.worker_types)) for step in steps)
        return format_html_join(" → ", "<b>{}</b>&nbsp;{}", links)
