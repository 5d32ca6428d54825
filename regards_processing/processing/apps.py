"""Processes: configured plugins and who may order them."""

from django.apps import AppConfig


class ProcessingConfig(AppConfig):
    """What REGARDS calls rs-processing."""

    name = "regards_processing.processing"
    label = "processing"
    verbose_name = "Processing"
