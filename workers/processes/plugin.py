"""How a plugin that processes files is written."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from workers.processes.job import ProcessJob
from workers.processes.metadata import PluginMetadata
from workers.processes.profile import ProcessProfile


class InvalidParameters(ValueError):
    """Values of parameters that no process can be made of."""

    def __init__(self, faults: Mapping[str, str]) -> None:
        super().__init__("; ".join(faults.values()))
        #: Parameter → what is wrong with its value.
        self.faults = dict(faults)


class ProcessPlugin(ABC):
    """A kind of process; an administrator makes processes of it by giving its parameters values."""

    metadata: ClassVar[PluginMetadata]
    #: Whether the number of files that it makes has to be the one that its cardinality asks for.
    counts_outputs: ClassVar[bool] = False

    @classmethod
    @abstractmethod
    def profile(cls, parameters: Mapping[str, Any]) -> ProcessProfile:
        """Return what a process with these values promises.

        Args:
            parameters: a value of the declared type for each parameter that has one, defaults included.

        Raises:
            InvalidParameters: nothing can be made of them.
        """

    @classmethod
    @abstractmethod
    def run(cls, job: ProcessJob) -> None:
        """Do the work of one execution, on a fleet.

        Raises:
            ProcessFailed: it failed. Whatever else is raised is a failure as well.
        """
