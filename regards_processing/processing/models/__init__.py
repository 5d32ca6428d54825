"""Models of processing."""

from regards_processing.processing.models.batch import Batch
from regards_processing.processing.models.execution import Execution, OutputFile
from regards_processing.processing.models.kept_outputs import KeptOutputs
from regards_processing.processing.models.plugin_configuration import PluginConfiguration
from regards_processing.processing.models.process import DatasetLink, Process
from regards_processing.processing.models.unneeded_folder import UnneededFolder

__all__ = [
    "Batch",
    "DatasetLink",
    "Execution",
    "KeptOutputs",
    "OutputFile",
    "PluginConfiguration",
    "Process",
    "UnneededFolder",
]
