"""Operator jobs."""

from django.apps import AppConfig


class JobsConfig(AppConfig):
    """Long work that an operator asked for."""

    name = "regards_processing.kernel.jobs"
    label = "jobs"
    verbose_name = "Jobs"
