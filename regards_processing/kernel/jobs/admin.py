"""Jobs in the admin: what operators ordered, how far it is, and the two things to do about it."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django_celery_results.admin import GroupResultAdmin, TaskResultAdmin
from django_celery_results.models import GroupResult, TaskResult

from regards_processing.kernel import clock
from regards_processing.kernel.admin import ReadOnlyAdmin
from regards_processing.kernel.audit.actors import admin_actor
from regards_processing.kernel.errors import DomainError
from regards_processing.kernel.jobs.models import Job
from regards_processing.kernel.jobs.services.cancellation import cancel_job
from regards_processing.kernel.jobs.services.submission import run_again
from regards_processing.kernel.readable_durations import readable_duration

_SHOWN_CHARACTERS: Final = 160


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin):
    """Jobs, newest first."""

    list_display = (
        "created_at",
        "kind",
        "order",
        "tenant",
        "asked_by",
        "state",
        "progress",
        "duration",
        "counts",
        "message",
    )
    list_filter = ("state", "kind", "tenant", "origin", "created_at")
    list_select_related = ("tenant",)
    search_fields = ("=id", "asked_by", "=correlation_id")
    search_help_text = "Who asked; or the whole of an id or a correlation id"
    ordering = ("-created_at",)
    actions = ("cancel", "run_again")
    fields = (
        "id",
        "kind",
        "tenant",
        "shown_parameters",
        "asked_by",
        "origin",
        "state",
        "message",
        "progress",
        "counts",
        "duration",
        "created_at",
        "queued_at",
        "started_at",
        "beaten_at",
        "finished_at",
        "cancelled_by",
        "attempt",
        "lost_attempts",
        "priority",
        "checkpoint",
        "correlation_id",
        "task_result",
    )
    readonly_fields = ("shown_parameters", "progress", "counts", "duration", "task_result")

    def has_operate_permission(self, request: HttpRequest) -> bool:
        """Let those who may change jobs cancel them and run them again."""
        return bool(request.user.has_perm("jobs.change_job"))

    @admin.action(description="Cancel", permissions=["operate"])
    def cancel(self, request: HttpRequest, chosen: QuerySet[Job]) -> None:
        """Cancel the chosen jobs."""
        self._each(request, chosen, cancel_job, told="Cancelled")

    @admin.action(description="Run again, with the same parameters", permissions=["operate"])
    def run_again(self, request: HttpRequest, chosen: QuerySet[Job]) -> None:
        """Submit the chosen jobs once more."""
        self._each(request, chosen, run_again, told="Submitted again")

    def _each(
        self, request: HttpRequest, chosen: QuerySet[Job], service: Callable[..., object], *, told: str
    ) -> None:
        """Call a service for each job; one that it refuses does not stop the others."""
        job_ids = list(chosen.values_list("pk", flat=True))
        refused = []
        for job_id in job_ids:
            try:
                service(job_id=job_id, actor=admin_actor(request), at=clock.now())
            except DomainError as error:
                refused.append(str(error))
        if len(refused) < len(job_ids):
            self.message_user(request, f"{told}: {len(job_ids) - len(refused)}")
        for reason in refused:
            self.message_user(request, reason, messages.WARNING)

    @admin.display(description="order")
    def order(self, job: Job) -> str:
        """Show the beginning of the parameters."""
        text = json.dumps(job.parameters, ensure_ascii=False)
        return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"

    @admin.display(description="parameters")
    def shown_parameters(self, job: Job) -> SafeString:
        """Show the parameters, one a line."""
        text = json.dumps(job.parameters, indent=2, ensure_ascii=False)
        return format_html('<pre style="white-space: pre-wrap; margin: 0">{}</pre>', text)

    @admin.display(description="progress")
    def progress(self, job: Job) -> SafeString | str:
        """Draw how much is done, once it is known how much there is."""
        if job.total is None:
            return f"{job.done}"
        bar = '<progress value="{}" max="{}"></progress> {}/{}'
        return format_html(bar, job.done, job.total or 1, job.done, job.total)

    @admin.display(description="outcome")
    def counts(self, job: Job) -> str:
        """Show what was done, counted."""
        return ", ".join(f"{name} {count}" for name, count in sorted(job.outcome.items()))

    @admin.display(description="duration")
    def duration(self, job: Job) -> str:
        """Show the time from the first start to the end, or until now."""
        if job.started_at is None:
            return readable_duration(None)
        taken = (job.finished_at or clock.now()) - job.started_at
        return readable_duration(max(0, taken // timedelta(milliseconds=1)))

    @admin.display(description="Celery's result")
    def task_result(self, job: Job) -> SafeString | str:
        """Link what Celery keeps of the last run; a failure has its traceback there."""
        results = TaskResult.objects.filter(task_id=str(job.pk))
        found = results.values_list("pk", "status", "worker").first()
        if found is None:
            return "none yet"
        pk, status, worker = found
        address = reverse("admin:django_celery_results_taskresult_change", args=[pk])
        return format_html('<a href="{}">{} by {}</a>', address, status, worker)


admin.site.unregister(TaskResult)
admin.site.unregister(GroupResult)


@admin.register(TaskResult)
class ReadOnlyTaskResultAdmin(ReadOnlyAdmin, TaskResultAdmin):
    """What Celery kept of the tasks of the jobs workers."""


@admin.register(GroupResult)
class ReadOnlyGroupResultAdmin(ReadOnlyAdmin, GroupResultAdmin):
    """What Celery kept of groups of tasks."""
