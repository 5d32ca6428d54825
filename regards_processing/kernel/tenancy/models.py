"""Tenants: the projects that share the platform."""

from datetime import datetime
from typing import ClassVar

from django.db import models

from regards_processing.kernel.tenancy.scope import TenantScopedQuerySet


class TenantQuerySet(models.QuerySet["Tenant"]):
    """Words to ask for tenants."""

    def active(self) -> "TenantQuerySet":
        """Keep tenants whose messages and calls are taken."""
        return self.filter(active=True)

    def with_own_request_queue(self) -> "TenantQuerySet":
        """Keep tenants whose requests wait in queues of their own."""
        return self.filter(own_request_queue=True)

    def in_maintenance(self) -> "TenantQuerySet":
        """Keep tenants that nobody may change by REST now."""
        return self.filter(maintenance=True)


class Tenant(models.Model):
    """One project of the platform; its name travels in the header ``regards.tenant``."""

    name = models.CharField(max_length=255, unique=True)
    active = models.BooleanField(
        default=True, help_text="Messages and calls of an inactive tenant are refused."
    )
    # Managers of the release before know none of the columns with a default of the database's.
    maintenance = models.BooleanField(
        default=False,
        db_default=False,
        help_text="During maintenance, calls may read but not change anything.",
    )
    #: When maintenance was switched last; never, when empty.
    maintenance_switched_at = models.DateTimeField(null=True, blank=True)
    own_request_queue = models.BooleanField(
        default=False,
        db_default=False,
        editable=False,
        help_text="Requests wait in a queue of the tenant's own (`manage.py request_queues`).",
    )
    created_at = models.DateTimeField()

    objects: ClassVar[models.Manager["Tenant"]] = TenantQuerySet.as_manager()

    class Meta:
        app_label = "kernel"
        db_table = "regards_tenant"

    def __str__(self) -> str:
        return self.name

    @property
    def maintenance_since(self) -> datetime:
        """Since when maintenance is as it is, on or off."""
        return self.maintenance_switched_at or self.created_at


class TenantSetting(models.Model):
    """The value of a dynamic setting in one tenant; without a row the default holds."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="settings")
    name = models.CharField(max_length=255)
    value = models.JSONField()

    objects: ClassVar[models.Manager["TenantSetting"]] = TenantScopedQuerySet.as_manager()

    class Meta:
        app_label = "kernel"
        db_table = "regards_tenant_setting"
        constraints = (models.UniqueConstraint(fields=("tenant", "name"), name="uk_tenant_setting_name"),)

    def __str__(self) -> str:
        return f"{self.tenant_id}:{self.name}"
