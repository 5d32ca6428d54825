"""Tenants: the projects that share the platform."""

from typing import ClassVar

from django.db import models


class TenantQuerySet(models.QuerySet["Tenant"]):
    """Words to ask for tenants."""

    def active(self) -> "TenantQuerySet":
        """Keep tenants whose messages are taken."""
        return self.filter(active=True)


class Tenant(models.Model):
    """One project of the platform; its name travels in the header ``regards.tenant``."""

    name = models.CharField(max_length=255, unique=True)
    active = models.BooleanField(default=True, help_text="Messages of an inactive tenant are refused.")
    created_at = models.DateTimeField()

    objects: ClassVar[models.Manager["Tenant"]] = TenantQuerySet.as_manager()

    class Meta:
        app_label = "kernel"
        db_table = "regards_tenant"

    def __str__(self) -> str:
        return self.name


class TenantSetting(models.Model):
    """The value of a dynamic setting in one tenant; without a row the default holds."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="settings")
    name = models.CharField(max_length=255)
    value = models.JSONField()

    class Meta:
        app_label = "kernel"
        db_table = "regards_tenant_setting"
        constraints = (models.UniqueConstraint(fields=("tenant", "name"), name="uk_tenant_setting_name"),)

    def __str__(self) -> str:
        return f"{self.tenant_id}:{self.name}"
