"""What a fleet is told of an execution: the body of its request to the engine. Pure."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from workers.processes.profile import ProcessProfile

#: Content type of the requests, and the worker type that carries them out.
CONTENT_TYPE: Final = "process-execution"
WORKER_TYPE: Final = "run-process"


def order_of(
    *,
    execution_id: UUID,
    batch_id: UUID,
    batch_correlation_id: str,
    plugin_id: str,
    plugin_version: str,
    parameters: Mapping[str, Any],
    sealed_parameters: str | None,
    profile: ProcessProfile,
    input_files: Sequence[Mapping[str, Any]],
    time_limit: float,
    user: str,
    sealed_token: str | None,
) -> bytes:
    """Return the order of one execution; ``time_limit`` is in seconds."""
    plugin = {"pluginId": plugin_id, "version": plugin_version, "parameters": dict(parameters)}
    if sealed_parameters:
        plugin["sealedParameters"] = sealed_parameters
    order = {
        "executionId": str(execution_id),
        "batchId": str(batch_id),
        "batchCorrelationId": batch_correlation_id,
        "cardinality": profile.cardinality.value,
        "timeLimit": time_limit,
        "plugin": plugin,
        "inputFiles": list(input_files),
        "user": user,
    }
    if sealed_token:
        order["sealedToken"] = sealed_token
    return json.dumps(order, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace")
