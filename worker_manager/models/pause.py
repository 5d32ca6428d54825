"""What operators have paused."""

from typing import ClassVar

from django.db import models

from regards_processing.kernel.tenancy.models import Tenant
from regards_processing.kernel.tenancy.scope import TenantScopedQuerySet


class PauseKind(models.TextChoices):
    """What can be paused."""

    #: Nothing is sent to its fleets.
    WORKER_TYPE = "WORKER_TYPE"
    #: Requests of it are not sent on, whatever step they are at.
    CONTENT_TYPE = "CONTENT_TYPE"


class PauseQuerySet(TenantScopedQuerySet["Pause"]):
    """Words to ask for pauses."""

    def that_stop(self, tenant: Tenant) -> "PauseQuerySet":
        """Keep the pauses that a tenant's requests feel: its own, and those of the platform."""
        found = self.across_tenants(because="a pause of the platform belongs to no tenant")
        return found.filter(models.Q(tenant=tenant) | models.Q(tenant=None))


class Pause(models.Model):
    """One worker type or content type whose requests are held, until somebody resumes it."""

    #: None: for everybody.
    tenant = models.ForeignKey(Tenant, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=16, choices=PauseKind.choices)
    #: The worker type or content type.
    name = models.CharField(max_length=255)
    paused_at = models.DateTimeField()
    paused_by = models.CharField(max_length=255)

    objects: ClassVar[models.Manager["Pause"]] = PauseQuerySet.as_manager()

    class Meta:
        db_table = "workermanager_pause"
        constraints = (
            models.UniqueConstraint(fields=("tenant", "kind", "name"), name="uk_pause"),
            models.UniqueConstraint(
                fields=("kind", "name"), condition=models.Q(tenant=None), name="uk_pause_of_platform"
            ),
            models.CheckConstraint(condition=models.Q(kind__in=PauseKind.values), name="ck_pause_kind"),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.name}"
