"""An order service orders executions over a real scene, as rs-order does: by HTTP and AMQP alone."""

import hashlib
import json
import secrets
import stat
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.amqp_client import Peer
from tests.acceptance.conftest import opened_platform
from tests.stack.environment import Servers
from tests.stack.platform import Platform
from tests.unit.workers.builtin.scenes import SAMPLES

pytestmark = pytest.mark.rabbitmq

_EVENTS = "fr.cnes.regards.modules.processing.domain.events"
_REQUESTS = f"regards.broadcast.{_EVENTS}.PExecutionRequestEvent"
_RESULTS = f"regards.broadcast.{_EVENTS}.PExecutionResultEvent"
_DOWNLOADS = f"regards.broadcast.{_EVENTS}.DownloadedOutputFilesEvent"
_FEATURES = 6
_PROGRAM = """#!/bin/sh
set -e
for feature in input/*; do
  name=$(basename "$feature")
  mkdir -p "output/$name"
  head -c 1000 "$feature"/*.tif >"output/$name/head-of-$name"
  printf '%s' "$name" >>"output/$name/head-of-$name"
done
"""


class OrderService(Peer):
    """The stand-in of rs-order: knows addresses, exchanges and bodies of the contract, and nothing else."""

    def __init__(self, broker_url: str, address: str, token: str) -> None:
        super().__init__(broker_url)
        self._address, self._token = address, token
        self.results = f"acceptance.order.{secrets.token_hex(4)}"
        self.channel.exchange_declare(_RESULTS, "fanout", durable=True)
        self.channel.queue_declare(self.results, durable=True)
        self.channel.queue_bind(self.results, _RESULTS)

    def call(self, method: str, path: str, body: object = None) -> Any:
        """Call rs-processing; return what it answers."""
        request = urllib.request.Request(  # noqa: S310 (our own server)
            f"{self._address}/api/v1/rs-processing/{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 (likewise)
            return json.loads(answer.read() or b"null")

    def send(self, exchange: str, event: str, body: object) -> None:
        """Publish an event as a service of REGARDS does."""
        headers = {
            "regards.tenant": "default",
            "regards.converter": "GSON",
            "regards.type": f"{_EVENTS}.{event}",
        }
        self.publish(exchange=exchange, headers=headers, body=json.dumps(body).encode())

    def await_results(self, count: int) -> list[dict[str, Any]]:
        """Wait for results of executions."""
        return [json.loads(self.await_message(self.results, timeout=60).body) for _ in range(count)]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scene")
    copy = folder / "landsat.tif"
    copy.write_bytes((SAMPLES / "landsat_rgb.tif").read_bytes())
    program = folder / "heads.sh"
    program.write_text(_PROGRAM)
    program.chmod(program.stat().st_mode | stat.S_IEXEC)
    return copy


@pytest.fixture(scope="module")
def place(
    servers: Servers, scene: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Platform, str]]:
    folder = tmp_path_factory.mktemp("orders")
    variables = {"REGARDS_FILE_ROOTS": str(scene.parent), "EXECUTION_TIMEOUT_FLOOR_SECONDS": "30"}
    with opened_platform(servers=servers, folder=folder, name="orders", variables=variables) as platform:
        with platform.side_by_side():
            platform.start_manager()
            platform.start_manager()
            platform.start_jobs()
            platform.start_beat()
            platform.start_fleet(["run-process"], pool="threads", concurrency=2)
            platform.start_fleet(["run-process"], pool="threads", concurrency=2)
            _, address = platform.start_web()
        yield platform, address


@pytest.fixture
def order(place: tuple[Platform, str]) -> Iterator[OrderService]:
    platform, address = place
    token = platform.manage(
        "issue_token", "--tenant", "default", "--user", "order", "--role", "PROJECT_ADMIN"
    ).strip()
    with OrderService(platform.stack.broker_url or "", address, token) as service:
        yield service


def _configure(order: OrderService, program: Path, scope: str) -> str:
    """Make a process, as an administrator does; return its id."""
    values = {
        "shellScript": str(program),
        "durationForecast": "10s",
        "sizeForecast": "*0.1",
        "scope": scope,
        "cardinality": "ONE_PER_FEATURE",
    }
    parameters = [{"name": name, "type": "STRING", "value": value} for name, value in values.items()]
    plugin = {"pluginId": "SimpleShellProcessPlugin", "label": f"Heads {scope}", "parameters": parameters}
    rights = {"role": "EXPLOIT", "datasets": [], "isLinkedToAllDatasets": True}
    made = order.call("POST", "processplugins/config", {"pluginConfiguration": plugin, "rights": rights})
    return str(made["content"]["pluginConfiguration"]["businessId"])


def _open_batch(order: OrderService, process_id: str) -> tuple[str, str]:
    """Open a batch; return its id and what the order calls it."""
    correlation_id = f"order-1_dsSel-1_subOrder-{secrets.token_hex(3)}"
    fileset = {"dataset": "URN:D", "executionCount": 1, "totalBytes": 1}
    body = {
        "correlationId": correlation_id,
        "processBusinessId": process_id,
        "tenant": "default",
        "user": "ada@example.org",
        "userRole": "EXPLOIT",
        "parameters": {},
        "filesetsByDataset": {"URN:D": fileset},
    }
    return order.call("POST", "batch", body)["batchId"], correlation_id


def _input(scene: Path, feature: str, batch: str) -> dict[str, Any]:
    content = scene.read_bytes()
    return {
        "parameterName": "",
        "localRelativePath": f"{feature}/{scene.name}",
        "contentType": "image/tiff",
        "url": f"file:{scene}",
        "bytes": len(content),
        "checksum": hashlib.md5(content, usedforsecurity=False).hexdigest(),
        "fileName": scene.name,
        "metadata": {"internal": "false", "featureId": feature},
        "inputCorrelationId": f"file:/{batch}/{feature}/{scene.name}",
    }


def _check(outputs: list[dict[str, Any]], scene: Path, batch: str, features: set[str]) -> None:
    """See that each feature has its one file, which holds what the program made of the scene."""
    assert {output["name"].partition("/")[0] for output in outputs} == features
    for output in outputs:
        feature = output["name"].partition("/")[0]
        content = Path(output["url"].removeprefix("file:")).read_bytes()
        assert content == scene.read_bytes()[:1000] + feature.encode()
        assert hashlib.sha256(content).hexdigest() == output["checksumValue"]
        assert output["inputCorrelationIds"] == [f"file:/{batch}/{feature}/{scene.name}"]


def test_it_executes_an_order_feature_by_feature(order: OrderService, scene: Path) -> None:
    process_id = _configure(order, scene.parent / "heads.sh", "FEATURE")
    info = order.call("GET", f"process/{process_id}")["processInfo"]
    assert (info["scope"], info["sizeForecast"]) == ("FEATURE", "*0.100000")
    batch_id, batch = _open_batch(order, process_id)
    features = [f"URN:F{number}" for number in range(_FEATURES)]
    for feature in features:
        event = {
            "executionCorrelationId": feature,
            "batchId": batch_id,
            "inputFiles": [_input(scene, feature, batch)],
        }
        order.send(_REQUESTS, "PExecutionRequestEvent", event)
    results = order.await_results(_FEATURES)
    assert sorted(result["executionCorrelationId"] for result in results) == features
    assert {result["finalStatus"] for result in results} == {"SUCCESS"}, results
    for result in results:
        assert (result["batchCorrelationId"], result["processId"]) == (batch, process_id)
        _check(result["outputs"], scene, batch, {result["executionCorrelationId"]})


def test_it_executes_an_order_in_one_and_deletes_what_was_downloaded(
    order: OrderService, scene: Path, place: tuple[Platform, str]
) -> None:
    process_id = _configure(order, scene.parent / "heads.sh", "SUBORDER")
    batch_id, batch = _open_batch(order, process_id)
    features = {f"URN:F{number}" for number in range(_FEATURES)}
    inputs = [_input(scene, feature, batch) for feature in sorted(features)]
    event = {"executionCorrelationId": "all", "batchId": batch_id, "inputFiles": inputs}
    order.send(_REQUESTS, "PExecutionRequestEvent", event)
    (result,) = order.await_results(1)
    assert result["finalStatus"] == "SUCCESS", result
    _check(result["outputs"], scene, batch, features)
    urls = [output["url"] for output in result["outputs"]]
    order.send(_DOWNLOADS, "DownloadedOutputFilesEvent", {"outputFileUrls": urls})
    files = [Path(url.removeprefix("file:")) for url in urls]
    platform, _ = place
    _await_gone(platform, files)


def test_it_tells_why_an_execution_failed(order: OrderService, scene: Path) -> None:
    batch_id, batch = _open_batch(order, _configure(order, Path("/no/such/program"), "FEATURE"))
    event = {"executionCorrelationId": "e", "batchId": batch_id, "inputFiles": [_input(scene, "F", batch)]}
    order.send(_REQUESTS, "PExecutionRequestEvent", event)
    (result,) = order.await_results(1)
    assert (result["finalStatus"], result["outputs"]) == ("FAILURE", [])
    assert "/no/such/program is no program that this fleet can run" in result["messages"][0]
    page = order.call("POST", "monitoring/executions?tenant=default&sort=created,desc", {})
    steps = page["content"][0]["content"]["steps"]
    assert [step["status"] for step in steps] == ["REGISTERED", "PREPARE", "RUNNING", "FAILURE"]


def _await_gone(platform: Platform, files: list[Path]) -> None:
    """Have the platform clean up until these files are gone."""
    script = (
        "from regards_processing.processing.services.outputs import delete_downloaded; delete_downloaded()"
    )
    deadline = time.monotonic() + 20
    while any(file.exists() for file in files) and time.monotonic() < deadline:
        platform.manage("shell", "-c", script)
    assert [file for file in files if file.exists()] == []
