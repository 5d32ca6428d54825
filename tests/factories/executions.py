"""Batches and executions, as bodies, events and rows."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from regards_processing.kernel.tenancy.models import Tenant
from regards_processing.processing.events.execution_requested import ExecutionRequested
from regards_processing.processing.models import Batch, Execution
from regards_processing.processing.plugin_values import ConfiguredProcess
from regards_processing.processing.services.batches import BatchOrder, open_batch
from tests.factories.rows import every
from tests.factories.worker_manager import AT
from worker_manager.events.request_answered import RequestAnswered, ResponseState
from worker_manager.models import Request
from workers.processes.sealing import Addressee, parameters_of, unseal

DATASET = "URN:AIP:DATASET:demo"
FILE = {
    "parameterName": "",
    "localRelativePath": "F1/one.raw",
    "url": "file:/data/one.raw",
    "bytes": 512,
    "checksum": "9a0",
    "fileName": "one.raw",
    "metadata": {"internal": "false", "featureId": "F1"},
    "inputCorrelationId": "file:/batch/F1/one.raw",
}
#: What order services demand of `processInfo`: a map without one of these is refused, and its result lost.
DEMANDED: Final = (
    "scope",
    "cardinality",
    "datatypes",
    "sizeLimitType",
    "sizeLimitValue",
    "sizeForecast",
    "forbidSplitInSuborders",
)


def a_batch_order(process_id: UUID, *, role: str = "EXPLOIT", **others: Any) -> BatchOrder:
    """Return the order of a batch."""
    filesets = {DATASET: {"dataset": DATASET, "executionCount": 1, "totalBytes": 512}}
    values: dict[str, Any] = {"parameters": {}, "filesets": filesets} | others
    return BatchOrder(
        correlation_id="order-1_sub-1", process_id=process_id, user="ada@x.org", user_role=role, **values
    )


def a_batch(tenant: Tenant, process: ConfiguredProcess, **others: Any) -> Batch:
    """Open a batch of a process that is linked to all datasets."""
    return open_batch(tenant=tenant, order=a_batch_order(process.process_id, **others), at=AT)


def an_execution_order(
    batch: Batch, correlation_id: str = "e-1", *, files: Sequence[Mapping[str, Any]] = (FILE,)
) -> ExecutionRequested:
    """Return the order of an execution."""
    return ExecutionRequested(
        tenant=batch.tenant.name,
        batch_id=batch.pk,
        correlation_id=correlation_id,
        input_files=tuple(files),
    )


def an_outcome(status: str = "SUCCESS", **others: Any) -> bytes:
    """Return what a fleet answers."""
    made = {
        "name": "F1/one.tif",
        "url": "file:/storage/one",
        "size": 4,
        "sha256": "ab" * 32,
        "inputCorrelationIds": ["file:/batch/F1/one.raw"],
    }
    steps = [
        {"status": "PREPARE", "time": 1748779200500, "message": "load"},
        {"status": "RUNNING", "time": 1748779201000, "message": "launch"},
    ]
    answer = {"finalStatus": status, "message": "", "steps": steps, "outputs": [made], "log": ["done"]}
    return json.dumps(answer | others).encode()


def a_response(
    execution_id: UUID,
    *,
    state: str = "SUCCESS",
    content: bytes | None = None,
    messages: tuple[str, ...] = (),
) -> RequestAnswered:
    """Return the engine's response to the request of an execution."""
    return RequestAnswered(
        tenant="demo",
        request_id=str(execution_id),
        owner="rs-processing",
        session="order-1_sub-1",
        content_type="process-execution",
        state=ResponseState(state),
        messages=messages,
        content=content,
    )


def unsealed_parameters(request: Request, *, key: str) -> Any:
    """Return the secret parameters of a request, as its fleet opens them."""
    plugin = json.loads(bytes(request.body))["plugin"]
    part = parameters_of(plugin["pluginId"])
    addressee = Addressee(tenant=request.tenant.name, request_id=request.request_id, part=part)
    return json.loads(unseal(plugin["sealedParameters"], key=key, addressee=addressee))


def is_demanded(info: Mapping[str, str]) -> bool:
    """Say whether order services take a map `processInfo`."""
    return all(isinstance(info.get(key), str) for key in DEMANDED)


def the_execution(correlation_id: str = "e-1") -> Execution:
    """Return the stored execution."""
    return every(Execution).get(correlation_id=correlation_id)
