"""A stand-in of rs-order, written from the contract alone: it has HTTP, AMQP and the shared file system."""

import contextlib
import hashlib
import itertools
import json
import secrets
import time
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from pika.exceptions import AMQPError

from tests.acceptance.amqp_client import Peer
from tests.acceptance.participant import NotHeard

_EVENTS: Final = "fr.cnes.regards.modules.processing.domain.events"
_REQUESTS: Final = f"regards.broadcast.{_EVENTS}.PExecutionRequestEvent"
_RESULTS: Final = f"regards.broadcast.{_EVENTS}.PExecutionResultEvent"
_DOWNLOADS: Final = f"regards.broadcast.{_EVENTS}.DownloadedOutputFilesEvent"
_PAUSE: Final = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A file that the user of the order gets: the first that was announced for its placeholder."""

    url: str
    name: str
    size: int
    sha256: str

    def read(self) -> bytes:
        """Open it as an order service does: by its own file system."""
        return Path(self.url.removeprefix("file:")).read_bytes()


@dataclass(slots=True, kw_only=True)
class Suborder:
    """One part of an order: the batch that was opened for it, and the files that are awaited."""

    scope: str
    cardinality: str
    process_id: str
    batch_id: str
    correlation_id: str
    #: Feature → its files.
    features: Mapping[str, Sequence[Path]]
    #: What the order service calls each execution that it asked for.
    executions: list[str] = field(default_factory=list)
    #: Temporary URL of each file that the user will get → the file, once it is there.
    placeholders: dict[str, Fetched | None] = field(default_factory=dict)
    #: Results, by the id of the execution.
    results: dict[str, dict[str, Any]] = field(default_factory=dict)
    #: Messages that brought them.
    heard: int = 0
    #: Why files will never be there.
    errors: list[str] = field(default_factory=list)

    @property
    def files(self) -> list[Fetched]:
        """The files that are there."""
        return [file for file in self.placeholders.values() if file is not None]

    def take(self, result: dict[str, Any], *, again: bool) -> None:
        """Put the files of a result where they are awaited, as rs-order does."""
        self.heard += not again
        known = self.results.setdefault(result["executionId"], result)
        # Whoever publishes until it is confirmed may say something twice, but not two different things.
        assert known == result
        assert result["executionCorrelationId"] in self.executions
        if result["finalStatus"] != "SUCCESS":
            self.errors += result["messages"]
            return
        for output in result["outputs"]:
            place = self._place_of(output, result)
            assert place in self.placeholders
            self.placeholders[place] = Fetched(
                url=output["url"],
                name=output["name"],
                size=output["size"],
                sha256=output["checksumValue"],
            )

    def _place_of(self, output: dict[str, Any], result: dict[str, Any]) -> str:
        sources = output["inputCorrelationIds"]
        features = {source.split("/")[2] for source in sources}
        match self.cardinality, self.scope:
            case "ONE_PER_INPUT_FILE", _:
                return str(sources[0])
            case "ONE_PER_EXECUTION", "SUBORDER":
                assert len(result["outputs"]) == 1
                return f"file:/{self.correlation_id}"
            case _:
                (feature,) = features
                return f"file:/{self.correlation_id}/{feature}"


class OrderService(Peer):
    """Opens batches, orders executions, hears results; knows nothing of the platform but the contract."""

    def __init__(self, broker_url: str, addresses: Sequence[str], token: str) -> None:
        super().__init__(broker_url)
        self._addresses, self._token = itertools.cycle(addresses), token
        self._results = f"acceptance.order.{secrets.token_hex(4)}"
        self._suborders: dict[str, Suborder] = {}
        self.channel.exchange_declare(_RESULTS, "fanout", durable=True)
        self.channel.queue_declare(self._results, durable=True)
        self.channel.queue_bind(self._results, _RESULTS)

    def call(self, method: str, path: str, body: object = None) -> Any:
        """Call rs-processing, each time at the next of its addresses; return what it answers."""
        request = urllib.request.Request(  # noqa: S310 (our own server)
            f"{next(self._addresses)}/api/v1/rs-processing/{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 (likewise)
            return json.loads(answer.read() or b"null")

    def order(self, process_id: str, features: Mapping[str, Sequence[Path]]) -> Suborder:
        """Order features of a process, as its description says they are ordered."""
        info = self.call("GET", f"process/{process_id}")["processInfo"]
        suborder = self._open(process_id, info["scope"], info["cardinality"], features)
        for place in _places(suborder):
            suborder.placeholders[place] = None
        together = [list(features)] if suborder.scope == "SUBORDER" else [[feature] for feature in features]
        for named in together:
            self._ask(suborder, named)
        return suborder

    def listen(self) -> None:
        """Take the results that have come."""
        while (received := self.lasting(lambda: self.get(self._results, auto_ack=False))) is not None:
            result = json.loads(received.body)
            suborder = self._suborders.get(result["batchCorrelationId"])
            if suborder is not None:
                suborder.take(result, again=received.redelivered)
            # Where the connection breaks now the broker delivers it again, which is no second result.
            with contextlib.suppress(AMQPError, OSError):
                self.channel.basic_ack(received.tag)

    def await_results(self, suborders: Sequence[Suborder], *, count: int, timeout: float = 60.0) -> None:
        """Wait until so many results of these have come, or all of them."""
        deadline = time.monotonic() + timeout
        wanted = min(count, sum(len(suborder.executions) for suborder in suborders))
        while (come := sum(len(suborder.results) for suborder in suborders)) < wanted:
            if time.monotonic() > deadline:
                raise NotHeard(f"{come} of {wanted} results after {timeout:g} s")
            time.sleep(_PAUSE)
            self.listen()

    def announce_downloads(self, files: Sequence[Fetched]) -> None:
        """Say which files have been downloaded."""
        self._send(_DOWNLOADS, "DownloadedOutputFilesEvent", {"outputFileUrls": [file.url for file in files]})

    def _open(
        self, process_id: str, scope: str, cardinality: str, features: Mapping[str, Sequence[Path]]
    ) -> Suborder:
        correlation_id = f"order-1_dsSel-1_subOrder-{secrets.token_hex(3)}"
        size = sum(path.stat().st_size for paths in features.values() for path in paths)
        body = {
            "correlationId": correlation_id,
            "processBusinessId": process_id,
            "tenant": "default",
            "user": "ada@example.org",
            "userRole": "EXPLOIT",
            "parameters": {},
            "filesetsByDataset": {"URN:D": {"dataset": "URN:D", "executionCount": 1, "totalBytes": size}},
        }
        batch = self.call("POST", "batch", body)
        assert batch["correlationId"] == correlation_id
        self._suborders[correlation_id] = suborder = Suborder(
            scope=scope,
            cardinality=cardinality,
            process_id=process_id,
            batch_id=batch["batchId"],
            correlation_id=correlation_id,
            features=features,
        )
        return suborder

    def _ask(self, suborder: Suborder, features: Sequence[str]) -> None:
        """Ask for one execution."""
        known = json.dumps({"user": "ada@example.org", "featureId": ["defined", features[0]]})
        suborder.executions.append(known)
        files = [
            _input(suborder, feature, path) for feature in features for path in suborder.features[feature]
        ]
        event = {"executionCorrelationId": known, "batchId": suborder.batch_id, "inputFiles": files}
        self._send(_REQUESTS, "PExecutionRequestEvent", event)

    def _send(self, exchange: str, event: str, body: object) -> None:
        headers = {
            "regards.tenant": "default",
            "regards.converter": "GSON",
            "regards.type": f"{_EVENTS}.{event}",
        }
        self.publish(exchange=exchange, headers=headers, body=json.dumps(body).encode(), priority=1)


def _places(suborder: Suborder) -> list[str]:
    """Return the temporary URLs of the files that an order will have."""
    batch = suborder.correlation_id
    match suborder.cardinality, suborder.scope:
        case "ONE_PER_INPUT_FILE", _:
            return [
                f"file:/{batch}/{feature}/{path.name}"
                for feature, paths in suborder.features.items()
                for path in paths
            ]
        case "ONE_PER_EXECUTION", "SUBORDER":
            return [f"file:/{batch}"]
        case _:
            return [f"file:/{batch}/{feature}" for feature in suborder.features]


def _input(suborder: Suborder, feature: str, path: Path) -> dict[str, Any]:
    content = path.read_bytes()
    return {
        "parameterName": "",
        "localRelativePath": f"{feature}/{path.name}",
        "contentType": "image/tiff",
        "url": f"file:{path}",
        "bytes": len(content),
        "checksum": hashlib.md5(content, usedforsecurity=False).hexdigest(),
        "fileName": path.name,
        "metadata": {"internal": "false", "featureId": feature},
        "inputCorrelationId": f"file:/{suborder.correlation_id}/{feature}/{path.name}",
    }
