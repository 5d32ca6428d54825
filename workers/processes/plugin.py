"""How a plugin that processes files is written."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
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
    def batch_violations(
        cls, parameters: Mapping[str, Any], filesets: Mapping[str, Mapping[str, Any]]
    ) -> Sequence[str]:
        """Return why a batch may not be opened, one text for each reason; none when it may.

        Args:
            parameters: as in `profile`, with the values that the order gives.
            filesets: by dataset, what is to be processed: ``executionCount`` and ``totalBytes``.
        """
        del parameters, filesets
        return ()

    @classmethod
    def execution_violations(
        cls, parameters: Mapping[str, Any], input_files: Sequence[Mapping[str, Any]]
    ) -> Sequence[str]:
        """Return why an execution may not be carried out, one text for each reason; none when it may.

        Args:
            parameters: as in `profile`, with the values that the order gives.
            input_files: as the order names them: ``localRelativePath``, ``url``, ``bytes`` and the like.
        """
        del parameters, input_files
        return ()

    @classmethod
    @abstractmethod
    def run(cls, job: ProcessJob) -> None:
        """Do the work of one execution, on a fleet.

        Raises:
            ProcessFailed: it failed. Whatever else is raised is a failure as well.
        """
