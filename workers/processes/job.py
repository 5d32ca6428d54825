"""What a plugin gets to do its work with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol


class ProcessFailed(Exception):
    """The work of a process failed; the text becomes the last message of the execution."""


class ProgramRunner(Protocol):
    """Runs a program of this machine in the folder of the execution."""

    def __call__(
        self, command: Sequence[str], *, environment: Mapping[str, str], readable: Sequence[str] = ()
    ) -> "Ended":
        """Run a program to its end, with nothing but these variables and a few harmless ones.

        Where programs run in a sandbox, ``readable`` are files and folders that this one reads beside what
        all of them may read.

        Raises:
            ProcessFailed: it cannot be started.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A program that has ended."""

    exit_code: int
    #: The last lines that it wrote to its standard error.
    last_errors: tuple[str, ...]


class StepTeller(Protocol):
    """Tells those who watch an execution how far it is."""

    def __call__(self, message: str) -> None:
        """Say that the execution is running, and at what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessJob:
    """One execution, on the fleet that carries it out."""

    execution_id: str
    batch_correlation_id: str
    #: A value of the declared type for each parameter that has one.
    parameters: Mapping[str, Any]
    #: Holds ``input`` with the files of the execution, and ``output``, empty, for what the plugin makes.
    folder: Path
    step: StepTeller
    run_program: ProgramRunner

    @property
    def inputs(self) -> Path:
        """The folder with the files of the execution."""
        return self.folder / "input"

    @property
    def outputs(self) -> Path:
        """The folder for the files that the plugin makes."""
        return self.folder / "output"
