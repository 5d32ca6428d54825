"""The processes that are ordered, and the batches of their orders."""

import json
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from bench.rest.calls import Client
from regards_processing.kernel.rest.services import RS_PROCESSING

WORKER_TYPE: Final = "run-process"
_PLUGIN: Final = "fr.cnes.regards.framework.modules.plugins.domain.PluginConfiguration"
_RIGHTS: Final = "fr.cnes.regards.modules.processing.config.ProcessConfigurationDTO"
#: Ids of the processes: one that does nothing, one that runs `/bin/true`, one that counts its files.
USELESS, SHELL, COUNTING = (UUID(int=number) for number in (1, 2, 3))
#: Counts the input files, and leaves their number behind.
_PROGRAM: Final = "#!/bin/sh\nfind input -type f | wc -l >output/count\n"


def write_program(folder: Path) -> Path:
    """Write the program that counts."""
    path = folder / "count.sh"
    path.write_text(_PROGRAM, encoding="ascii")
    path.chmod(0o755)
    return path


def document(program: Path) -> str:
    """Return the configuration file of rs-processing."""
    items = [
        *_process(USELESS, "Nothing", "UselessProcessPlugin"),
        # No input files, so no output is due.
        *_process(SHELL, "True", "SimpleShellProcessPlugin", cardinality="ONE_PER_INPUT_FILE"),
        *_process(
            COUNTING, "Count", "SimpleShellProcessPlugin", str(program), cardinality="ONE_PER_EXECUTION"
        ),
    ]
    module = {"module": {"id": RS_PROCESSING.module_id}, "configuration": items}
    return json.dumps({"modules": [module]})


def open_batch(client: Client, process_id: UUID) -> str:
    """Open a batch of a process, as an order service does; return its id."""
    body = {
        "correlationId": "order-1_dsSel-1_subOrder-1",
        "processBusinessId": str(process_id),
        "tenant": "default",
        "user": "bench",
        "userRole": "EXPLOIT",
        "parameters": {},
        "filesetsByDataset": {},
    }
    return str(client.call("POST", "/batch", body)[1]["batchId"])


def _process(
    process_id: UUID, label: str, plugin: str, program: str = "/bin/true", **values: str
) -> list[dict[str, Any]]:
    given = {"shellScript": program, "durationForecast": "1min", "sizeForecast": "1k"} | values
    parameters = [{"name": name, "type": "STRING", "value": value} for name, value in given.items()]
    configuration = {
        "pluginId": plugin,
        "label": label,
        "businessId": str(process_id),
        "version": "1.0.0-SNAPSHOT",
        "parameters": [] if plugin == "UselessProcessPlugin" else parameters,
    }
    rights = {"role": "EXPLOIT", "datasets": [], "isLinkedToAllDatasets": True}
    return [
        {"key": _PLUGIN, "value": configuration},
        {"key": _RIGHTS, "value": {"pluginConfBid": str(process_id), "rights": rights}},
    ]
