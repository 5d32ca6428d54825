"""Models of processing."""

from regards_processing.processing.models.plugin_configuration import PluginConfiguration
from regards_processing.processing.models.process import DatasetLink, Process

__all__ = ["DatasetLink", "PluginConfiguration", "Process"]
