"""What requests count for in their sessions."""

from typing import ClassVar

from django.db import models

from regards_processing.kernel.tenancy.models import Tenant
from regards_processing.kernel.tenancy.scope import TenantScopedQuerySet


class _Counts(models.Model):
    """Counters of a session, with the sums of those that mean the same."""

    source = models.CharField(max_length=255)
    session = models.CharField(max_length=255)
    #: Counter → requests.
    properties = models.JSONField()
    input_related = models.BigIntegerField()
    output_related = models.BigIntegerField()
    errors = models.BigIntegerField()
    waiting = models.BigIntegerField()
    running = models.BigIntegerField()

    class Meta:
        abstract = True


class SessionChange(_Counts):
    """By how much a bulk changed the step of a session: only ever added, and folded into the step soon."""

    # No index of its own: rows stay for seconds, and are taken in the order of their keys.
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+", db_index=False)
    changed_at = models.DateTimeField()

    objects: ClassVar[models.Manager["SessionChange"]] = TenantScopedQuerySet.as_manager()

    class Meta:
        db_table = "workermanager_session_change"

    def __str__(self) -> str:
        return f"{self.source}/{self.session}: {self.properties}"


class SessionStep(_Counts):
    """The step that we are of a session, as the session dashboard shows it."""

    # No index of its own: that of the constraint begins with the tenant.
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+", db_index=False)
    last_update_at = models.DateTimeField("last update")

    objects: ClassVar[models.Manager["SessionStep"]] = TenantScopedQuerySet.as_manager()

    class Meta:
        db_table = "workermanager_session_step"
        constraints = (
            models.UniqueConstraint(fields=("tenant", "source", "session"), name="uk_session_step"),
        )

    def __str__(self) -> str:
        return f"{self.source}/{self.session}"
