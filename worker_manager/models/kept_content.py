"""What is known of the files that hold contents of requests."""

from typing import ClassVar

from django.db import models

from regards_processing.kernel.tenancy.models import Tenant
from regards_processing.kernel.tenancy.scope import TenantScopedQuerySet
from workers.contract.stored_content import StoredContent


class KeptContent(models.Model):
    """A file in the shared storage that is, or was, a content of a request; the row goes with the file.

    It is noted in the transaction that takes the content over. Nothing else is done when a request moves on
    or leaves the table: a sweep compares these rows with the requests.
    """

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+", db_index=False)
    #: Technical id of the request. Not a foreign key: this row outlives that one.
    request_key = models.BigIntegerField()
    attempt = models.IntegerField()
    sha256 = models.CharField(max_length=64)
    #: Bytes.
    size = models.BigIntegerField()
    stored_at = models.DateTimeField()

    objects: ClassVar[models.Manager["KeptContent"]] = TenantScopedQuerySet.as_manager()

    class Meta:
        db_table = "workermanager_kept_content"
        constraints = (
            models.UniqueConstraint(fields=("request_key", "attempt", "sha256"), name="uk_kept_content"),
        )

    def __str__(self) -> str:
        return self.content.name

    @property
    def content(self) -> StoredContent:
        """The reference of the content."""
        return StoredContent(attempt=self.attempt, sha256=self.sha256, size=self.size)
