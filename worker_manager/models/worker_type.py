"""Configured worker types and the content types they take."""

from typing import ClassVar

from django.db import models

from regards_processing.kernel.tenancy.models import Tenant
from regards_processing.kernel.tenancy.scope import TenantScopedQuerySet


class WorkerType(models.Model):
    """A worker type as a tenant configured it."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="worker_types")
    worker_type = models.CharField(max_length=128)
    content_type_out = models.CharField("output content type", max_length=255, null=True, blank=True)  # noqa: DJ001 (absent is not empty)
    keep_errors = models.BooleanField(
        default=True, help_text="Keep requests in error for an operator to retry."
    )
    #: Time-outs and retries (`policy.Policy.to_json`); nothing is configured when it is absent.
    policy = models.JSONField(null=True, blank=True)
    max_in_flight = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text="Requests of all tenants in flight at a time; of several tenants the smallest holds.",
    )
    priority = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="Of requests whose client named none."
    )

    objects: ClassVar[models.Manager["WorkerType"]] = TenantScopedQuerySet.as_manager()

    class Meta:
        db_table = "workermanager_worker_type"
        constraints = (models.UniqueConstraint(fields=("tenant", "worker_type"), name="uk_worker_type"),)

    def __str__(self) -> str:
        return self.worker_type


class InputContentType(models.Model):
    """A content type that goes to a worker type; at most one in a tenant."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    worker_type = models.ForeignKey(WorkerType, on_delete=models.CASCADE, related_name="inputs")
    content_type = models.CharField(max_length=255)

    objects: ClassVar[models.Manager["InputContentType"]] = TenantScopedQuerySet.as_manager()

    class Meta:
        db_table = "workermanager_input_content_type"
        constraints = (
            models.UniqueConstraint(fields=("tenant", "content_type"), name="uk_input_content_type"),
        )

    def __str__(self) -> str:
        return self.content_type
