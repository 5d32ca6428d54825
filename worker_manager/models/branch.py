"""Branches: what each worker type of a parallel step does for a request."""

from typing import ClassVar

from django.db import models

from regards_processing.kernel.tenancy.models import Tenant
from regards_processing.kernel.tenancy.scope import TenantScopedQuerySet
from worker_manager.models.request import Request
from worker_manager.states import AWAITING_ANSWER, RequestStatus


class Branch(models.Model):
    """One member of the parallel step that a request is at; its rows go when the step has ended.

    It moves as a request does, and its columns are named as those of a request. Whoever touches a branch has
    locked its request.
    """

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+", db_index=False)
    # Without a constraint: the database would look here for each request that it deletes, and few have any.
    request = models.ForeignKey(
        Request, on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    step_number = models.IntegerField()
    #: Place among the members of the step, from 0: the order of the gathered contents.
    position = models.PositiveSmallIntegerField()
    step_worker_type = models.CharField(max_length=128)
    #: Both as its request has them: held branches go in the order of their requests.
    content_type = models.CharField(max_length=255, default="", db_default="")
    priority = models.PositiveSmallIntegerField(default=0, db_default=0)
    status = models.CharField(max_length=20, choices=RequestStatus.choices)
    #: Number of its last dispatch, drawn from the request's one counter; 0 before the first.
    attempt = models.IntegerField(default=0)
    lost_attempts = models.IntegerField(default=0)
    dispatched_to_celery = models.BooleanField(default=False)
    due_at = models.DateTimeField(null=True)
    moved_at = models.DateTimeField()
    deadline_at = models.DateTimeField(null=True)
    worker_id = models.CharField(max_length=255, null=True)  # noqa: DJ001 (absent is not empty)
    error = models.TextField(null=True)  # noqa: DJ001 (absent is not empty)
    #: What became of its dispatches, until the request's own trail takes it over.
    trail = models.TextField(default="")
    #: What it made, once it has succeeded: content and additional headers.
    content = models.BinaryField(null=True)
    #: Where that content is, when it is not here; ``content`` is empty then.
    stored_content = models.JSONField(null=True)
    headers = models.JSONField(null=True)

    objects: ClassVar[models.Manager["Branch"]] = TenantScopedQuerySet.as_manager()

    class Meta:
        db_table = "workermanager_branch"
        verbose_name_plural = "branches"
        constraints = (
            models.UniqueConstraint(fields=("request", "step_number", "position"), name="uk_branch_position"),
            models.CheckConstraint(
                condition=models.Q(status__in=RequestStatus.values), name="ck_branch_status"
            ),
        )
        indexes = (
            # As those of requests: what is in flight is counted, and what is held goes.
            models.Index(fields=("status", "step_worker_type", "tenant"), name="ix_branch_flow"),
            models.Index(
                fields=("step_worker_type", "tenant", "content_type", "-priority", "request"),
                condition=models.Q(status=RequestStatus.TO_DISPATCH.value, due_at__isnull=True),
                name="ix_branch_held",
            ),
            models.Index(
                fields=("moved_at",),
                condition=models.Q(status__in=[status.value for status in sorted(AWAITING_ANSWER)]),
                name="ix_branch_moved",
            ),
        )

    def __str__(self) -> str:
        return f"{self.step_worker_type} ({self.position + 1})"
