"""The side of an order service: a process and a batch by REST, an execution by AMQP, its result heard."""

import hashlib
import json
import time
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.envelope import Outbound
from scripts.demonstration.observation import Hearing
from scripts.demonstration.orders import TENANT
from workers.contract import headers as names

_FEATURE: Final = "URN:AIP:DATA:demo:5e1b0f3a-7c1d-4b0e-9d0a-2f6c1b7e8a90:V1"
_DATASET: Final = "URN:AIP:DATASET:demo:1c9d7a52-0b7f-4f0e-8a3b-6d5e4c3b2a10:V1"
_BATCH: Final = "order-1_dsSel-1_subOrder-1"
_USER: Final = "ada@example.org"
#: Seconds of one call.
_CALL: Final = 30.0
#: Seconds that the execution may take.
_PATIENCE: Final = 60.0


class NoResult(Exception):
    """An execution has no result in time."""


class Publishing(Protocol):
    """What publishes messages."""

    def publish_all(self, messages: Sequence[Outbound]) -> None:
        """Publish messages; return when the broker has them all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Executed:
    """What came of an execution."""

    #: The file that it worked on.
    scene: Path
    process_id: str
    batch_id: str
    #: What it was asked with, and the result as the order service hears it.
    asked: Mapping[str, Any]
    result: Mapping[str, Any]
    #: As monitoring shows them.
    steps: list[dict[str, Any]]


class OrderService:
    """Orders one execution over one scene."""

    def __init__(self, *, address: str, token: str, publisher: Publishing, hearing: Hearing) -> None:
        self._address = f"{address}/api/v1/rs-processing"
        self._token = token
        self._publisher = publisher
        self._hearing = hearing

    def execute(self, *, program: Path, scene: Path) -> Executed:
        """Have a program run on a scene, the whole way of an order.

        Raises:
            NoResult: it did not end in time.
            OSError: the platform does not answer, or refuses.
        """
        process_id = self._configure(program)
        batch_id = self._open_batch(process_id, scene)
        asked = _event(batch_id, scene)
        self._publish(asked)
        result = self._await_result(asked["executionCorrelationId"])
        page = self._call("POST", f"monitoring/executions?tenant={TENANT}&sort=created,desc", {})
        (steps,) = [
            item["content"]["steps"]
            for item in page["content"]
            if item["content"]["id"] == result["executionId"]
        ]
        return Executed(
            scene=scene, process_id=process_id, batch_id=batch_id, asked=asked, result=result, steps=steps
        )

    def _configure(self, program: Path) -> str:
        values = {
            "shellScript": str(program),
            "durationForecast": "10s/m",
            "sizeForecast": "*0.25",
            "scope": "FEATURE",
            "cardinality": "ONE_PER_INPUT_FILE",
        }
        parameters = [{"name": name, "type": "STRING", "value": value} for name, value in values.items()]
        plugin = {"pluginId": "SimpleShellProcessPlugin", "label": "Crop", "parameters": parameters}
        rights = {"role": "EXPLOIT", "datasets": [_DATASET], "isLinkedToAllDatasets": False}
        made = self._call("POST", "processplugins/config", {"pluginConfiguration": plugin, "rights": rights})
        return str(made["content"]["pluginConfiguration"]["businessId"])

    def _open_batch(self, process_id: str, scene: Path) -> str:
        fileset = {"dataset": _DATASET, "executionCount": 1, "totalBytes": scene.stat().st_size}
        body = {
            "correlationId": _BATCH,
            "processBusinessId": process_id,
            "tenant": TENANT,
            "user": _USER,
            "userRole": "EXPLOIT",
            "parameters": {},
            "filesetsByDataset": {_DATASET: fileset},
        }
        return str(self._call("POST", "batch", body)["batchId"])

    def _publish(self, event: Mapping[str, Any]) -> None:
        headers = {
            names.TENANT: TENANT,
            names.CONVERTER: topology.CONVERTER,
            names.TYPE: topology.EXECUTION_REQUEST_EVENT,
        }
        body = json.dumps(event).encode()
        message = Outbound(exchange=topology.EXECUTION_REQUEST_EXCHANGE, headers=headers, body=body)
        self._publisher.publish_all([message])

    def _await_result(self, correlation_id: str) -> dict[str, Any]:
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            for message in self._hearing.receive(1.0):
                result: dict[str, Any] = json.loads(message.body)
                if result["executionCorrelationId"] == correlation_id:
                    return result
        raise NoResult(f"the execution has no result after {_PATIENCE:g} s")

    def _call(self, verb: str, path: str, body: object) -> Any:
        request = urllib.request.Request(  # noqa: S310 (our own server)
            f"{self._address}/{path}",
            data=json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"},
            method=verb,
        )
        with urllib.request.urlopen(request, timeout=_CALL) as answer:  # noqa: S310 (likewise)
            return json.loads(answer.read())


def _event(batch_id: str, scene: Path) -> dict[str, Any]:
    content = scene.read_bytes()
    file = {
        "parameterName": "",
        "localRelativePath": f"{_FEATURE}/{scene.name}",
        "contentType": "image/tiff",
        "url": scene.as_uri(),
        "bytes": len(content),
        "checksum": hashlib.sha256(content).hexdigest(),
        "fileName": scene.name,
        "metadata": {"internal": "false", "featureId": _FEATURE},
        "inputCorrelationId": f"file:/{_BATCH}/{_FEATURE}/{scene.name}",
    }
    known = json.dumps({"user": _USER, "featureId": ["defined", _FEATURE]})
    return {"executionCorrelationId": known, "batchId": batch_id, "inputFiles": [file]}
