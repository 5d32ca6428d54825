"""Folders of the shared storage that nobody needs any more."""

from typing import ClassVar

from django.db import models

from regards_processing.kernel.tenancy.models import Tenant
from regards_processing.kernel.tenancy.scope import TenantScopedQuerySet


class UnneededFolder(models.Model):
    """A folder that is to be removed; the row goes when the folder has gone."""

    # No index of its own: a sweep keeps the table short.
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+", db_index=False)
    #: Id of an execution, or what a try-out is called: the name of the folder within that of the tenant.
    name = models.CharField(max_length=255)

    objects: ClassVar[models.Manager["UnneededFolder"]] = TenantScopedQuerySet.as_manager()

    class Meta:
        db_table = "processing_unneeded_folder"

    def __str__(self) -> str:
        return self.name
