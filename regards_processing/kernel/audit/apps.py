"""Who did what."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """The audit trail."""

    name = "regards_processing.kernel.audit"
    label = "audit"
    verbose_name = "Audit"
