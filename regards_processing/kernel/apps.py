"""The kernel: what both services stand on."""

from django.apps import AppConfig


class KernelConfig(AppConfig):
    """Tenants, outbox, broker access."""

    name = "regards_processing.kernel"
    label = "kernel"
    verbose_name = "Platform"
