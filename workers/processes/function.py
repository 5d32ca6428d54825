"""Base of plugins that are a Python function: run in a process of its own, under the limits of programs."""

from collections.abc import Mapping
from typing import Any, ClassVar

from workers.processes import function_call, python_process
from workers.processes.function_parameters import filled
from workers.processes.job import ProcessJob
from workers.processes.order import OrderPlugin
from workers.processes.plugin import InvalidParameters


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
        arguments = {
            "plugin": f"{cls.__module__}:{cls.__qualname__}",
            "parameters": dict(job.parameters),
            "folder": str(job.folder),
            "execution": job.execution_id,
        }
        python_process.call(
            f"{function_call.__name__}:{function_call.carry_out.__name__}",
            arguments,
            folder=job.folder,
            run_program=job.run_program,
        )
