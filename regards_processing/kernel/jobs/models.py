"""Operator jobs as rows: the one truth about them, whatever Celery knows."""

import uuid
from datetime import datetime
from typing import Any, ClassVar

from django.db import models

from regards_processing.kernel.audit.models import Origin
from regards_processing.kernel.jobs.states import ACTIVE, FINAL, MOVES, JobState
from regards_processing.kernel.tenancy.models import Tenant
from regards_processing.kernel.tenancy.scope import TenantScopedQuerySet


class JobQuerySet(TenantScopedQuerySet["Job"]):
    """Words to ask for jobs, and the one way to move them."""

    def of_any_tenant(self) -> "JobQuerySet":
        """Keep the jobs of all tenants, and of none: scheduling sees them all."""
        return self.across_tenants(because="jobs of all tenants share the jobs workers")

    def in_state(self, *states: JobState) -> "JobQuerySet":
        """Keep jobs in one of these states."""
        return self.filter(state__in=states)

    def silent_since(self, at: datetime) -> "JobQuerySet":
        """Keep running jobs whose last sign of life is older than ``at``."""
        return self.in_state(JobState.RUNNING).filter(beaten_at__lt=at)

    def move(self, *, to: JobState, **changes: Any) -> int:
        """Move those of these jobs that may go there; return how many did, which says who won a race."""
        origins = [state for state, targets in MOVES.items() if to in targets]
        return self.filter(state__in=origins).update(state=to, **changes)


class Job(models.Model):
    """Long work that somebody asked for, done page by page on a jobs worker.

    PENDING → QUEUED → RUNNING → SUCCEEDED, FAILED or ABORTED; RUNNING → PENDING between two slices of time,
    and when a run is lost (`states.MOVES`).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    #: None: work for the whole platform.
    tenant = models.ForeignKey(Tenant, null=True, on_delete=models.CASCADE, related_name="+")
    #: Name of its kind (`kinds.job_kind`).
    kind = models.CharField(max_length=64)
    #: What its kind made of the order, as JSON.
    parameters = models.JSONField()
    state = models.CharField(max_length=16, choices=JobState.choices, default=JobState.PENDING)
    #: Higher goes first, within a tenant.
    priority = models.IntegerField()
    asked_by = models.CharField(max_length=255)
    origin = models.CharField(max_length=16, choices=Origin.choices)
    correlation_id = models.CharField(max_length=128, null=True)  # noqa: DJ001 (absent is not empty)
    created_at = models.DateTimeField()
    queued_at = models.DateTimeField(null=True)
    #: Start of the first run.
    started_at = models.DateTimeField(null=True)
    #: Start of the current run, or its last page.
    beaten_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    #: Runs so far; what an older one still writes is refused.
    attempt = models.IntegerField(default=0)
    #: Runs that fell silent since the last page that was done.
    lost_attempts = models.IntegerField(default=0)
    #: Units of work done, and in all where that is known.
    done = models.BigIntegerField(default=0)
    total = models.BigIntegerField(null=True)
    #: Where the next page starts, in the words of the kind.
    checkpoint = models.JSONField(default=dict)
    #: What was done, counted by name.
    outcome = models.JSONField(default=dict)
    #: Why it failed or was aborted.
    message = models.TextField(null=True)  # noqa: DJ001 (absent is not empty)
    #: Who wants it to stop.
    cancelled_by = models.CharField(max_length=255, null=True)  # noqa: DJ001 (absent is not empty)

    objects: ClassVar[models.Manager["Job"]] = JobQuerySet.as_manager()

    class Meta:
        db_table = "regards_job"
        constraints = (
            models.CheckConstraint(condition=models.Q(state__in=JobState.values), name="ck_job_state"),
        )
        indexes = (
            models.Index(
                fields=("tenant", "-priority", "created_at"),
                condition=models.Q(state=JobState.PENDING.value),
                name="ix_job_pending",
            ),
            models.Index(
                fields=("state", "beaten_at"),
                condition=models.Q(state__in=[state.value for state in sorted(ACTIVE)]),
                name="ix_job_active",
            ),
            models.Index(fields=("tenant", "queued_at"), name="ix_job_last_turn"),
            models.Index(
                fields=("state", "finished_at"),
                condition=models.Q(state__in=[state.value for state in sorted(FINAL)]),
                name="ix_job_finished",
            ),
            models.Index(fields=("created_at",), name="ix_job_created"),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"
