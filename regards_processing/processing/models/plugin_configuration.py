"""Plugins with values for their parameters."""

from typing import ClassVar

from django.db import models

from regards_processing.kernel.tenancy.models import Tenant
from regards_processing.kernel.tenancy.scope import TenantScopedQuerySet


class PluginConfiguration(models.Model):
    """A plugin as a tenant configured it."""

    # No index of its own: the unique one below begins with the tenant.
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+", db_index=False)
    #: What everybody else calls it; never changes.
    business_id = models.CharField(max_length=36)
    plugin_id = models.CharField(max_length=128)
    #: Version of the plugin that it was made for.
    version = models.CharField(max_length=64)
    label = models.CharField(max_length=255)
    priority_order = models.IntegerField(default=0)
    active = models.BooleanField(default=True)
    #: Array of parameters, as on the wire; values of sensitive ones are encrypted.
    parameters = models.JSONField(default=list)
    icon_url = models.TextField(null=True)  # noqa: DJ001 (absent is not empty)

    objects: ClassVar[models.Manager["PluginConfiguration"]] = TenantScopedQuerySet.as_manager()

    class Meta:
        db_table = "processing_plugin_configuration"
        constraints = (
            models.UniqueConstraint(fields=("tenant", "business_id"), name="uk_plugin_configuration"),
        )

    def __str__(self) -> str:
        return self.label
