"""The dashboard: what an operator needs at one look, live."""

from django.apps import AppConfig


class DashboardConfig(AppConfig):
    """Pages that read, and no models."""

    name = "regards_processing.dashboard"
    label = "dashboard"
    verbose_name = "Dashboard"
