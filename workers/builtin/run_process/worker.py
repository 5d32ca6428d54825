"""The worker type ``run-process``: carries out one execution of rs-processing."""

import os
from pathlib import Path
from typing import Final

from workers.builtin.body_schema import checked_content
from workers.builtin.run_process import landlock, sandbox
from workers.builtin.run_process.execution import Execution, Report
from workers.builtin.run_process.limits import ProcessLimits
from workers.builtin.run_process.network import Network
from workers.builtin.run_process.order import ExecutionOrder, longest
from workers.builtin.run_process.seals import CannotOpen
from workers.builtin.run_process.voice import Voice
from workers.processes.plugin import ProcessPlugin
from workers.processes.registry import plugins
from workers.sdk import InvalidContent, WorkContext, WorkRequest, WorkResult, worker_type

_BODY: Final = Path(__file__).with_name("body.schema.json")


def check_start() -> None:
    """Read, when a fleet starts, what every execution reads.

    Raises:
        ConfigurationError: a variable makes no sense, or the sandbox that is demanded cannot be had.
    """
    ProcessLimits.from_env(os.environ)
    Network.from_env(os.environ)
    sandbox.check(os.environ, version=landlock.version())


@worker_type("run-process", version="1.0", body_schema=_BODY, longest=longest, check_start=check_start)
def run(request: WorkRequest, context: WorkContext) -> WorkResult:
    """Carry out an execution, and answer with its last status, its steps, its files and the end of its log.

    An execution that fails is an answer as well: whoever ordered it hears why.

    Raises:
        InvalidContent: the request is no order of an execution, or of a plugin that this fleet does not have.
    """
    content = checked_content(request, schema=_BODY)
    order = ExecutionOrder.from_json(content, tenant=request.tenant, request_id=request.request_id)
    plugin = _plugin(order)
    report = Report(plugin_id=order.plugin_id, execution_id=order.execution_id, show=Voice(context.progress))
    try:
        execution = Execution.begun(
            request=request, context=context, content=content, order=order, plugin=plugin, report=report
        )
    except CannotOpen as error:
        return report.answer("FAILURE", report.failure(f"Its secret parameters cannot be read: {error}"))
    return execution.answered()


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
