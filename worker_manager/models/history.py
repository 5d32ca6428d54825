"""Finished requests, remembered in short."""

from typing import ClassVar

from django.db import models

from regards_processing.kernel.tenancy.models import Tenant
from regards_processing.kernel.tenancy.scope import TenantScopedQuerySet
from worker_manager.states import RequestStatus


class FinishedRequest(models.Model):
    """What is left of a request whose row has gone."""

    # No index of its own: those below begin with the tenant.
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+", db_index=False)
    request_id = models.CharField(max_length=255)
    content_type = models.CharField(max_length=255)
    source = models.CharField(max_length=255)
    session = models.CharField(max_length=255)
    status = models.CharField(max_length=20, choices=RequestStatus.choices)
    worker_type = models.CharField(max_length=128, null=True)  # noqa: DJ001 (absent is not empty)
    digest = models.BinaryField(max_length=32)
    error = models.TextField(null=True)  # noqa: DJ001 (absent is not empty)
    creation_date = models.DateTimeField()
    finished_at = models.DateTimeField()
    #: Dispatches, over all steps.
    attempts = models.IntegerField(default=0, db_default=0)
    priority = models.PositiveSmallIntegerField(default=0, db_default=0)
    #: Instance that had the request last, where known.
    worker_id = models.CharField(max_length=255, null=True)  # noqa: DJ001 (absent is not empty)
    #: What became of each dispatch (`trail.Trail`).
    trail = models.TextField(default="", db_default="", editable=False)

    objects: ClassVar[models.Manager["FinishedRequest"]] = TenantScopedQuerySet.as_manager()

    class Meta:
        db_table = "workermanager_finished_request"
        indexes = (
            models.Index(fields=("tenant", "request_id"), name="ix_finished_request_id"),
            models.Index(fields=("tenant", "finished_at"), name="ix_finished_request_end"),
        )

    def __str__(self) -> str:
        return self.request_id
