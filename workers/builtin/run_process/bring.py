"""Bring what a plugin needs into the folder of its execution.

Note: what comes over the network comes in a process of its own.
    A name that is looked up, a connection that is opened, a server that says nothing for a minute: a thread
    that waits for those cannot be ended, a process can. It ends as programs do: when the time of the
    execution is over, when the execution is cancelled, and when its fleet dies.
"""

import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from workers.builtin.file_access import FileAccess
from workers.builtin.run_process import feature_metadata, inputs, sources
from workers.builtin.run_process.limits import ProcessLimits
from workers.builtin.run_process.network import Network
from workers.builtin.run_process.order import ExecutionOrder
from workers.builtin.run_process.regards import Regards
from workers.processes import python_process
from workers.processes.job import ProgramRunner
from workers.processes.order import ADD_METADATA


def bring_inputs(
    order: ExecutionOrder,
    *,
    content: Mapping[str, Any],
    folder: Path,
    access: FileAccess,
    limits: ProcessLimits,
    look: Callable[[], None],
    run_program: ProgramRunner,
) -> None:
    """Fill ``input`` with the files of an order, and with the metadata of its features if it wants them.

    Args:
        order: what to bring.
        content: the same, as it came.
        folder: that of the execution.
        access: which files of this machine may be read.
        limits: how much it may be.
        look: called now and then; when it raises, nothing more is brought.
        run_program: runs the process that downloads.

    Raises:
        ProcessFailed: a file may not be read, cannot be, or is not what was announced.
    """
    inputs.prepare(folder)
    sources.check(order.inputs, limits=limits)
    local = [file for file in order.inputs if sources.is_local(file)]
    found = sources.of_machine(local, access=access)
    room = inputs.Room(limit=limits.max_input_bytes)
    inputs.fetch(found, into=folder / "input", room=room, look=look)
    if len(local) < len(order.inputs) or _wants_metadata(order):
        python_process.call(
            f"{__name__}:{download.__name__}",
            {
                "order": dict(content),
                "tenant": order.tenant,
                "requestId": order.request_id,
                "folder": str(folder),
                "taken": room.taken,
            },
            folder=folder,
            run_program=run_program,
            environment=os.environ,
        )


def download(arguments: Mapping[str, Any]) -> None:
    """Bring what is not on this machine; this runs in the process that is made for it."""
    # Libraries tell of each connection.
    logging.getLogger().setLevel(logging.WARNING)
    order = ExecutionOrder.from_json(
        arguments["order"], tenant=arguments["tenant"], request_id=arguments["requestId"]
    )
    into = Path(arguments["folder"], "input")
    network = Network.from_env(os.environ)
    regards = Regards.of(order, network=network)
    elsewhere = [file for file in order.inputs if not sources.is_local(file)]
    whose = f"exec={order.execution_id} batch={order.batch_id or order.batch_correlation_id}"
    found = sources.of_network(elsewhere, network=network, regards=regards, whose=whose)
    limit = ProcessLimits.from_env(os.environ).max_input_bytes
    inputs.fetch(found, into=into, room=inputs.Room(limit=limit, taken=arguments["taken"]))
    if _wants_metadata(order):
        feature_metadata.add(order.inputs, into=into, regards=regards)


def _wants_metadata(order: ExecutionOrder) -> bool:
    return bool(order.parameters.get(ADD_METADATA))
