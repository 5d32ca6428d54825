"""What a fleet is told of an execution: the body of its request to the engine. Pure."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from workers.processes.profile import ProcessProfile

#: Content type of the requests, and the worker type that carries them out.
CONTENT_TYPE: Final = "process-execution"
WORKER_TYPE: Final = "run-process"


def ordered_plugin(
    *, plugin_id: str, version: str, parameters: Mapping[str, Any], sealed_parameters: str | None
) -> dict[str, Any]:
    """Return what an order says of its plugin; the secret parameters are sealed, if there are any."""
    plugin = {"pluginId": plugin_id, "version": version, "parameters": dict(parameters)}
    return plugin | {"sealedParameters": sealed_parameters} if sealed_parameters else plugin


def order_of(
    *,
    execution_id: UUID,
    batch_id: UUID,
    batch_correlation_id: str,
    plugin: Mapping[str, Any],
    profile: ProcessProfile,
    input_files: Sequence[Mapping[str, Any]],
    time_limit: float,
    time_grace: float,
    user: str,
    sealed_token: str | None,
) -> bytes:
    """Return the order of one execution.

    Args:
        plugin: as `ordered_plugin` describes it.
        time_limit: seconds that the work may last.
        time_grace: seconds after that, until the execution is given up.
    """
    order = {
        "executionId": str(execution_id),
        "batchId": str(batch_id),
        "batchCorrelationId": batch_correlation_id,
        "cardinality": profile.cardinality.value,
        "timeLimit": time_limit,
        "timeGrace": time_grace,
        "plugin": dict(plugin),
        "inputFiles": list(input_files),
        "user": user,
    }
    if sealed_token:
        order["sealedToken"] = sealed_token
    return json.dumps(order, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace")
