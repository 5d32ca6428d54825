"""The process of a function plugin: reads its call, runs the function, says why it failed."""

import json
import logging
import os
import resource
import sys
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path, PurePosixPath
from typing import Any, Final

from workers.processes.function_parameters import filled
from workers.processes.job import ProcessFailed
from workers.processes.plugin import InvalidParameters
from workers.processes.profile import Cardinality

#: Files beside ``input`` and ``output``: what to do, and why it was not done.
CALL: Final = ".call.json"
FAILURE: Final = ".failure"
_FAILED: Final = 1


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


def main(path: str) -> int:
    """Carry out the call that a file describes; return the exit code of the process."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    call = json.loads(Path(path).read_text("utf-8"))
    # The function has its parameters in memory; nothing else should find them.
    Path(path).unlink()
    try:
        _carry_out(call)
    except (ProcessFailed, InvalidParameters) as error:
        return _failed(call, str(error))
    except MemoryError as error:
        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
        return _failed(call, f"It needs more memory than the {limit} bytes of PROCESS_MAX_MEMORY: {error}")
    # Whatever a function raises, SystemExit included, has a reason to be told.
    except BaseException as error:  # noqa: BLE001
        traceback.print_exc()
        return _failed(call, f"{type(error).__name__}: {error}")
    return 0


def _carry_out(call: Mapping[str, Any]) -> None:
    plugin = _found(call["plugin"])
    values = call["parameters"]
    folder = Path(call["folder"])
    _found(plugin.function)(
        FunctionCall(
            execution_id=call["execution"],
            cardinality=Cardinality(values["cardinality"]),
            inputs=folder / "input",
            outputs=folder / "output",
        ),
        filled(plugin.own_parameters, values),
    )


def _found(name: str) -> Any:
    module, _, path = name.partition(":")
    found: Any = import_module(module)
    for part in path.split("."):
        found = getattr(found, part)
    return found


def _failed(call: Mapping[str, Any], reason: str) -> int:
    sys.stderr.write(f"{reason}\n")
    try:
        Path(call["folder"], FAILURE).write_text(reason, "utf-8", "replace")
    except OSError:
        # The disk may be what is full: the fleet then tells the last lines of this process.
        sys.stderr.write("The reason could not be written down\n")
    # At once: threads of a library must not keep a process that has failed.
    sys.stderr.flush()
    os._exit(_FAILED)
