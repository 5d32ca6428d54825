"""Configured workflows."""

from typing import ClassVar

from django.db import models

from regards_processing.kernel.tenancy.models import Tenant
from regards_processing.kernel.tenancy.scope import TenantScopedQuerySet


class Workflow(models.Model):
    """A chain of worker types, chosen by a content type."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="workflows")
    #: The content type that asks for this workflow.
    workflow_type = models.CharField(max_length=255)
    #: Array of ``{"stepNumber": int, "workerType": str}``, sorted by number, as in a configuration file.
    steps = models.JSONField()
    keep_errors = models.BooleanField(default=True)
    #: Additional headers of earlier answers stay.
    keep_headers = models.BooleanField(default=False, db_default=False)
    #: Of requests whose client named none.
    priority = models.PositiveSmallIntegerField(default=0, db_default=0)

    objects: ClassVar[models.Manager["Workflow"]] = TenantScopedQuerySet.as_manager()

    class Meta:
        db_table = "workermanager_workflow"
        constraints = (models.UniqueConstraint(fields=("tenant", "workflow_type"), name="uk_workflow_type"),)

    def __str__(self) -> str:
        return self.workflow_type
