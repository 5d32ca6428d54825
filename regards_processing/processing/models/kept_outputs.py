"""What tenants keep in the storage, as it was counted last."""

from typing import ClassVar

from django.db import models

from regards_processing.kernel.tenancy.models import Tenant
from regards_processing.kernel.tenancy.scope import TenantScopedQuerySet


class KeptOutputs(models.Model):
    """Output files of a tenant that have not been deleted, taken together."""

    tenant = models.OneToOneField(Tenant, on_delete=models.CASCADE, related_name="+", primary_key=True)
    #: Bytes.
    size = models.BigIntegerField()
    counted_at = models.DateTimeField()

    objects: ClassVar[models.Manager["KeptOutputs"]] = TenantScopedQuerySet.as_manager()

    class Meta:
        db_table = "processing_kept_outputs"

    def __str__(self) -> str:
        return f"{self.size} bytes"
