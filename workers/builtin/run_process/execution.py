"""One execution on its fleet: brings its files, runs its plugin, stores what that made, and tells the end."""

import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

from workers.builtin.file_access import FileAccess
from workers.builtin.run_process import landlock, outputs
from workers.builtin.run_process.bring import bring_inputs
from workers.builtin.run_process.limits import ProcessLimits
from workers.builtin.run_process.network import Network
from workers.builtin.run_process.order import ExecutionOrder
from workers.builtin.run_process.outputs import StoredOutput
from workers.builtin.run_process.program import Program, TimeIsOver
from workers.builtin.run_process.redaction import Redaction, secrets_of
from workers.builtin.run_process.regards import Regards
from workers.builtin.run_process.sandbox import Sandbox
from workers.builtin.run_process.voice import Voice
from workers.builtin.storage_layout import request_folder, staging_folder
from workers.processes.job import ProcessFailed, ProcessJob
from workers.processes.plugin import ProcessPlugin
from workers.processes.spoken import step_text
from workers.sdk import WorkContext, WorkRequest, WorkResult

_WRONG_NUMBER: Final = "Wrong number of output files: expected {expected}, got {got}"
#: Address space of the process that downloads, where programs get less: its libraries are large.
_ROOM_TO_DOWNLOAD: Final = 4 * 1024**3


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """An execution, and what its fleet carries it out with."""

    request: WorkRequest
    context: WorkContext
    order: ExecutionOrder
    #: The order as it came.
    content: Mapping[str, Any]
    plugin: type[ProcessPlugin]
    #: Those of the order, the secret ones in clear.
    parameters: Mapping[str, Any]
    limits: ProcessLimits
    program: Program
    report: "Report"

    @classmethod
    def begun(
        cls,
        *,
        request: WorkRequest,
        context: WorkContext,
        content: Mapping[str, Any],
        order: ExecutionOrder,
        plugin: type[ProcessPlugin],
        report: "Report",
    ) -> "Execution":
        """Return an execution whose time runs from now on.

        Raises:
            CannotOpen: its secret parameters are not for this fleet.
        """
        limits = ProcessLimits.from_env(os.environ)
        network = Network.from_env(os.environ)
        parameters = order.all_parameters(key=network.token_key)
        token = Regards.of(order, network=network).token
        program = Program(
            folder=context.workdir,
            max_memory=limits.max_memory,
            check=context.raise_if_cancelled,
            watch=lambda: _watch(context, limits, report),
            tell=report.show,
            redact=Redaction(secrets_of(plugin.metadata.parameters, parameters, token=token)),
            deadline=None if order.time_limit is None else time.monotonic() + order.time_limit,
            sandbox=Sandbox.from_env(os.environ, version=landlock.version()),
        )
        return cls(
            request=request,
            context=context,
            order=order,
            content=content,
            plugin=plugin,
            parameters=parameters,
            limits=limits,
            program=program,
            report=report,
        )

    def answered(self) -> WorkResult:
        """Carry it out, and tell how it ended."""
        report = self.report
        try:
            stored, message = self._carried_out()
        except TimeIsOver:
            over = f"Ended after {self.order.time_limit:g} s: its time was over"
            return report.answer("TIMED_OUT", report.prefixed(over), log=self.program.lines)
        # Whatever a plugin raises is the end of its execution, and no more than that.
        except Exception as error:  # noqa: BLE001
            told = str(error) if isinstance(error, ProcessFailed) else f"{type(error).__name__}: {error}"
            cause = self.program.redact(told)
            self.context.log.info("execution failed", extra={"action": "execution.failed", "reason": cause})
            return report.answer("FAILURE", report.failure(cause), log=self.program.lines)
        status = "FAILURE" if message else "SUCCESS"
        return report.answer(status, message, outputs=stored, log=self.program.lines)

    def _carried_out(self) -> tuple[list[StoredOutput], str]:
        """Do the work; return what was made, and what is wrong with it, if anything is."""
        order, folder, program = self.order, self.context.workdir, self.program
        self.report.step("PREPARE", "Load input files into workdir")
        bring_inputs(
            order,
            content=self.content,
            folder=folder,
            access=FileAccess.of(request=self.request, context=self.context),
            limits=self.limits,
            look=program.look,
            run_program=self._downloading().run,
        )
        self._run_plugin()
        names = outputs.made(folder / "output", own=folder, limits=self.limits)
        outputs.check_names(names)
        stored = outputs.store(
            names,
            folder=folder / "output",
            target=request_folder(request=self.request, context=self.context),
            staging=staging_folder(request=self.request, context=self.context),
            inputs=order.inputs,
            cardinality=order.cardinality,
        )
        expected = outputs.expected_number(order.inputs, order.cardinality)
        if self.plugin.counts_outputs and expected != len(stored):
            return stored, _WRONG_NUMBER.format(expected=expected, got=len(stored))
        return stored, ""

    def _downloading(self) -> Program:
        """Return what runs the process that downloads: ours, and none that a sandbox is for."""
        room = max(self.program.max_memory, _ROOM_TO_DOWNLOAD)
        return replace(self.program, max_memory=room, sandbox=None)

    def _run_plugin(self) -> None:
        program, order = self.program, self.order
        job = ProcessJob(
            execution_id=order.execution_id,
            batch_correlation_id=order.batch_correlation_id,
            parameters=self.parameters,
            folder=program.folder,
            step=lambda message: self.report.step("RUNNING", program.redact(message)),
            run_program=program.run,
        )
        try:
            self.plugin.run(job)
        except ProcessFailed as error:
            if program.sandbox is None:
                raise
            raise ProcessFailed(program.sandbox.explained(str(error))) from error


@dataclass(slots=True, kw_only=True)
class Report:
    """The steps of an execution, told as they come and kept for the answer."""

    plugin_id: str
    execution_id: str
    show: Voice
    steps: list[dict[str, Any]] = field(default_factory=list)

    def step(self, status: str, message: str) -> None:
        """Note a step."""
        text = self.prefixed(message)
        moment = datetime.now(UTC)
        self.steps.append({"status": status, "time": int(moment.timestamp() * 1000), "message": text})
        self.show(text)

    def prefixed(self, message: str) -> str:
        """Return a message as the reference words it."""
        return step_text(plugin_id=self.plugin_id, execution_id=self.execution_id, message=message)

    def failure(self, cause: str) -> str:
        """Return the message of an execution that failed."""
        return self.prefixed(f'Error message: "{cause}"')

    def answer(
        self,
        status: str,
        message: str,
        *,
        outputs: Iterable[StoredOutput] = (),
        log: Iterable[str] = (),
    ) -> WorkResult:
        """Return what the platform is told at the end."""
        return WorkResult.json(
            {
                "finalStatus": status,
                "message": message,
                "steps": self.steps,
                "outputs": [output.to_json() for output in outputs],
                "log": list(log),
            },
            messages=(f"{status} {message}".strip(),),
        )


def _watch(context: WorkContext, limits: ProcessLimits, report: Report) -> None:
    """End a program that fills the disk; else give a sign of life."""
    report.show.look()
    outputs.made(context.workdir / "output", own=context.workdir, limits=limits)
