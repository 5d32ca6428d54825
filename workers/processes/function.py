"""Base of plugins that are a Python function: run in a process of its own, under the limits of programs."""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Final

from workers.processes.function_call import CALL, FAILURE
from workers.processes.function_parameters import filled
from workers.processes.job import Ended, ProcessFailed, ProcessJob
from workers.processes.order import OrderPlugin
from workers.processes.plugin import InvalidParameters

#: The process begins without any path of the machine's Python but the standard library's.
_BOOT: Final = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from workers.processes.function_call import main; sys.exit(main(sys.argv[2]))"
)


class FunctionPlugin(OrderPlugin):
    """Runs a function on the files of an execution.

    A subclass names the function and the dataclass of its parameters, and describes both in its ``metadata``
    (`workers.processes.function_parameters.described`). The platform loads the subclass to describe and to
    check it; the module of the function is loaded by the process that runs it, and by nothing else.
    """

    #: ``package.module:function``; it is called with a ``FunctionCall`` and the dataclass.
    function: ClassVar[str]
    own_parameters: ClassVar[type]

    @classmethod
    def own_faults(cls, parameters: Mapping[str, Any]) -> Mapping[str, str]:
        """Return what the dataclass refuses."""
        try:
            filled(cls.own_parameters, parameters)
        except InvalidParameters as error:
            return error.faults
        return {}

    @classmethod
    def run(cls, job: ProcessJob) -> None:
        """Run the function in the folder of the execution."""
        job.step(f"Run {cls.metadata.plugin_id}")
        call = _write_call(cls, job)
        paths = [os.path.abspath(path) for path in sys.path]  # noqa: PTH100 (an empty text is this folder)
        command = [sys.executable, "-I", "-X", "utf8", "-u", "-c", _BOOT, json.dumps(paths), str(call)]
        ended = job.run_program(command, environment={})
        if ended.exit_code:
            raise ProcessFailed(_reason(job.folder, ended))


def _write_call(plugin: type[FunctionPlugin], job: ProcessJob) -> Path:
    """Write what the process needs to know where only this account can read it: a parameter may be secret."""
    path = job.folder / CALL
    path.touch(mode=0o600)
    call = {
        "plugin": f"{plugin.__module__}:{plugin.__qualname__}",
        "parameters": dict(job.parameters),
        "folder": str(job.folder),
        "execution": job.execution_id,
    }
    path.write_text(json.dumps(call), "utf-8")
    return path


def _reason(folder: Path, ended: Ended) -> str:
    try:
        return (folder / FAILURE).read_text("utf-8", "replace")
    except OSError:
        told = "".join(f"\n{line}" for line in ended.last_errors)
        return f"The process of the function ended with status code {ended.exit_code}{told}"
