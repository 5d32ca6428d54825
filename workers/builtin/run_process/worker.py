"""The worker type ``run-process``: carries out one execution of rs-processing."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from workers.builtin.body_schema import checked_content
from workers.builtin.file_access import FileAccess
from workers.builtin.run_process import feature_metadata, inputs, outputs
from workers.builtin.run_process.inputs import Sources
from workers.builtin.run_process.limits import ProcessLimits
from workers.builtin.run_process.network import Network
from workers.builtin.run_process.order import ExecutionOrder
from workers.builtin.run_process.outputs import StoredOutput
from workers.builtin.run_process.program import Program, TimeIsOver
from workers.builtin.run_process.redaction import Redaction, secrets_of
from workers.builtin.run_process.regards import Regards
from workers.builtin.storage_layout import request_folder
from workers.processes.job import ProcessFailed, ProcessJob
from workers.processes.log_tail import to_message
from workers.processes.order import ADD_METADATA
from workers.processes.plugin import ProcessPlugin
from workers.processes.registry import plugins
from workers.sdk import InvalidContent, WorkContext, WorkRequest, WorkResult, worker_type

_BODY: Final = Path(__file__).with_name("body.schema.json")
_WRONG_NUMBER: Final = "Wrong number of output files: expected {expected}, got {got}"


@worker_type("run-process", version="1.0", body_schema=_BODY)
def run(request: WorkRequest, context: WorkContext) -> WorkResult:
    """Carry out an execution, and answer with its last status, its steps, its files and the end of its log.

    An execution that fails is an answer as well: whoever ordered it hears why.

    Raises:
        InvalidContent: the request is no order of an execution, or of a plugin that this fleet does not have.
    """
    order = ExecutionOrder.from_json(checked_content(request, schema=_BODY))
    plugin = _plugin(order)
    limits = ProcessLimits.from_env(os.environ)
    network = Network.from_env(os.environ)
    regards = Regards.of(order, network=network)
    report = _Report(plugin_id=order.plugin_id, execution_id=order.execution_id, show=context.progress)
    program = Program(
        folder=context.workdir,
        max_memory=limits.max_memory,
        watch=lambda: _watch(context, limits),
        tell=lambda lines: context.progress(to_message(lines)),
        redact=Redaction(secrets_of(plugin.metadata.parameters, order.parameters, token=regards.token)),
        deadline=None if order.time_limit is None else time.monotonic() + order.time_limit,
    )
    try:
        sources = Sources(
            access=FileAccess.of(request=request, context=context),
            limits=limits,
            network=network,
            regards=regards,
            whose=f"exec={order.execution_id} batch={order.batch_id or order.batch_correlation_id}",
        )
        stored, message = _carry_out(order, plugin, request, context, report, program, sources)
        status = "FAILURE" if message else "SUCCESS"
    except TimeIsOver:
        status, stored = "TIMED_OUT", []
        message = report.prefixed(f"Ended after {order.time_limit:g} s: its time was over")
    # Whatever a plugin raises is the end of its execution, and no more than that.
    except Exception as error:  # noqa: BLE001
        status, stored = "FAILURE", []
        cause = str(error) if isinstance(error, ProcessFailed) else f"{type(error).__name__}: {error}"
        message = report.prefixed(f'Error message: "{cause}"')
        context.log.info("execution failed", extra={"action": "execution.failed", "reason": cause})
    return WorkResult.json(
        {
            "finalStatus": status,
            "message": message,
            "steps": report.steps,
            "outputs": [output.to_json() for output in stored],
            "log": list(program.lines),
        },
        messages=(f"{status} {message}".strip(),),
    )


def _carry_out(
    order: ExecutionOrder,
    plugin: type[ProcessPlugin],
    request: WorkRequest,
    context: WorkContext,
    report: "_Report",
    program: Program,
    sources: Sources,
) -> tuple[list[StoredOutput], str]:
    """Do the work; return what was made, and what is wrong with it, if anything is."""
    folder = context.workdir
    report.step("PREPARE", "Load input files into workdir")
    inputs.prepare(folder)
    inputs.fetch(order.inputs, into=folder / "input", sources=sources)
    if order.parameters.get(ADD_METADATA):
        feature_metadata.add(order.inputs, into=folder / "input", regards=sources.regards, log=context.log)
    plugin.run(
        ProcessJob(
            execution_id=order.execution_id,
            batch_correlation_id=order.batch_correlation_id,
            parameters=order.parameters,
            folder=folder,
            step=lambda message: report.step("RUNNING", message),
            run_program=program.run,
        )
    )
    names = outputs.made(folder / "output", limits=sources.limits)
    outputs.check_names(names)
    stored = outputs.store(
        names,
        folder=folder / "output",
        target=request_folder(request=request, context=context),
        inputs=order.inputs,
        cardinality=order.cardinality,
    )
    expected = outputs.expected_number(order.inputs, order.cardinality)
    if plugin.counts_outputs and expected != len(stored):
        return stored, _WRONG_NUMBER.format(expected=expected, got=len(stored))
    return stored, ""


def _plugin(order: ExecutionOrder) -> type[ProcessPlugin]:
    plugin = plugins().get(order.plugin_id)
    if plugin is None:
        known = ", ".join(sorted(plugins()))
        raise InvalidContent(f"plugin.pluginId {order.plugin_id} is unknown to this fleet; it has {known}")
    if plugin.metadata.version != order.plugin_version:
        raise InvalidContent(
            f"plugin.version is {order.plugin_version}, this fleet has {plugin.metadata.version}"
        )
    return plugin


def _watch(context: WorkContext, limits: ProcessLimits) -> None:
    """End a program that fills the disk, or whose result nobody awaits any more."""
    context.raise_if_cancelled()
    outputs.made(context.workdir / "output", limits=limits)


@dataclass(slots=True, kw_only=True)
class _Report:
    """The steps of an execution, told as they come and kept for the answer."""

    plugin_id: str
    execution_id: str
    show: Callable[[str], None]
    steps: list[dict[str, Any]] = field(default_factory=list)

    def step(self, status: str, message: str) -> None:
        """Note a step."""
        text = self.prefixed(message)
        moment = datetime.now(UTC)
        self.steps.append({"status": status, "time": int(moment.timestamp() * 1000), "message": text})
        self.show(text)

    def prefixed(self, message: str) -> str:
        """Return a message as the reference words it."""
        return f"[{self.plugin_id}] ExecId={self.execution_id} | {message}"
