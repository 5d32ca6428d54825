"""What a function plugin is called with, in the process that runs it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from workers.processes.function_parameters import filled
from workers.processes.job import ProcessFailed
from workers.processes.profile import Cardinality
from workers.processes.python_process import found


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionCall:
    """What a function gets to do its work with, beside its parameters; what it prints is the log."""

    execution_id: str
    cardinality: Cardinality
    #: The files of the execution, those of each feature in a folder of its own.
    inputs: Path
    #: Empty; for the files that the function makes.
    outputs: Path

    def files(self) -> list[PurePosixPath]:
        """Return the input files, relative to their folder, in the order of their names."""
        paths = (path for path in self.inputs.rglob("*") if path.is_file() and not path.is_symlink())
        return sorted(PurePosixPath(path.relative_to(self.inputs)) for path in paths)

    def new_output(self, name: PurePosixPath) -> Path:
        """Return where to write an output file; its folder is made.

        Raises:
            ProcessFailed: there is such a file already.
        """
        path = self.outputs / name
        if path.exists():
            raise ProcessFailed(f"Two input files would make the output file {name}")
        path.parent.mkdir(parents=True, exist_ok=True)
        return path


def carry_out(arguments: Mapping[str, Any]) -> None:
    """Call the function of a plugin."""
    plugin = found(arguments["plugin"])
    values = arguments["parameters"]
    folder = Path(arguments["folder"])
    found(plugin.function)(
        FunctionCall(
            execution_id=arguments["execution"],
            cardinality=Cardinality(values["cardinality"]),
            inputs=folder / "input",
            outputs=folder / "output",
        ),
        filled(plugin.own_parameters, values),
    )
