"""Health and measures."""

from django.apps import AppConfig


class ObservabilityConfig(AppConfig):
    """What operators see of a running platform."""

    name = "regards_processing.kernel.observability"
    label = "observability"
    verbose_name = "Observability"
