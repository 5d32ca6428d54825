"""Processes: who may order which plugin configuration, for which datasets."""

from typing import ClassVar

from django.db import models

from regards_processing.kernel.tenancy.models import Tenant
from regards_processing.kernel.tenancy.scope import TenantScopedQuerySet
from regards_processing.processing.models.plugin_configuration import PluginConfiguration

MAX_DATASET = 128


class Process(models.Model):
    """A plugin configuration that can be ordered."""

    # No index of its own: the unique one below begins with the tenant.
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+", db_index=False)
    #: The business id of its plugin configuration.
    process_id = models.UUIDField()
    configuration = models.OneToOneField(
        PluginConfiguration, on_delete=models.CASCADE, related_name="process"
    )
    #: Least role of those who may order it.
    role = models.CharField(max_length=128)
    linked_to_all_datasets = models.BooleanField(default=False)
    max_concurrent = models.PositiveIntegerField(
        default=0, db_default=0, help_text="Executions of it that may be with fleets at once; 0: any number"
    )

    objects: ClassVar[models.Manager["Process"]] = TenantScopedQuerySet.as_manager()

    class Meta:
        db_table = "processing_process"
        verbose_name_plural = "processes"
        constraints = (models.UniqueConstraint(fields=("tenant", "process_id"), name="uk_process"),)

    def __str__(self) -> str:
        return str(self.process_id)


class DatasetLink(models.Model):
    """A dataset that a process may be ordered for."""

    # No index of its own: the one below begins with the tenant.
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+", db_index=False)
    process = models.ForeignKey(Process, on_delete=models.CASCADE, related_name="datasets")
    #: URN of the dataset.
    dataset = models.CharField(max_length=MAX_DATASET)

    objects: ClassVar[models.Manager["DatasetLink"]] = TenantScopedQuerySet.as_manager()

    class Meta:
        db_table = "processing_dataset_link"
        constraints = (models.UniqueConstraint(fields=("process", "dataset"), name="uk_dataset_link"),)
        indexes = (models.Index(fields=("tenant", "dataset"), name="ix_dataset_link"),)

    def __str__(self) -> str:
        return self.dataset
