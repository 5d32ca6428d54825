"""Batches: what an order wants done, for one process."""

from typing import ClassVar
from uuid import uuid4

from django.db import models

from regards_processing.kernel.tenancy.models import Tenant
from regards_processing.kernel.tenancy.scope import TenantScopedQuerySet


class Batch(models.Model):
    """One part of an order; never changes, but that it may be cancelled."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    # No index of its own: those below begin with the tenant.
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+", db_index=False)
    #: What the order service calls it.
    correlation_id = models.TextField()
    process_id = models.UUIDField()
    #: Label and promises of the process when it was opened; empty where a release before knew neither.
    process_name = models.CharField(max_length=255, default="", db_default="")
    process_info = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))
    user_email = models.CharField(max_length=255)
    user_role = models.CharField(max_length=255)
    #: Parameter → the text that the user gave.
    parameters = models.JSONField(default=dict)
    #: Dataset → ``{"dataset", "executionCount", "totalBytes"}``.
    filesets = models.JSONField(default=dict)
    created = models.DateTimeField()
    cancelled_at = models.DateTimeField(
        null=True, help_text="Executions that are ordered of it later are cancelled at once"
    )

    objects: ClassVar[models.Manager["Batch"]] = TenantScopedQuerySet.as_manager()

    class Meta:
        db_table = "processing_batch"
        verbose_name_plural = "batches"
        indexes = (
            models.Index(fields=("tenant", "process_id"), name="ix_batch_process"),
            models.Index(fields=("created",), name="ix_batch_created"),
            models.Index(
                fields=("id",), condition=models.Q(cancelled_at__isnull=False), name="ix_batch_cancelled"
            ),
        )

    def __str__(self) -> str:
        return self.correlation_id
