"""An order service that asks for executions by message, and hears their results."""

import json
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from bench.broker import Broker
from bench.clients import RequestFailed
from bench.stream import Stream, encoded
from regards_processing.kernel.amqp import topology
from workers.contract import headers as names


class ExecutionClient:
    """Orders executions without files; see `bench.clients.run`."""

    def __init__(self, broker: Broker) -> None:
        self.waiting: set[str] = set()
        #: Batch of the executions that are ordered next.
        self.batch_id = ""
        self._tag = secrets.token_hex(4)
        self._sent = 0
        queue = f"bench.order.{self._tag}"
        broker.own_queue(queue, fanout=topology.EXECUTION_RESULT_EXCHANGE)
        self.stream = Stream(broker, queue=queue)

    def encoded(self) -> bytes:
        """Return the message of one order."""
        self._sent += 1
        correlation_id = f"{self._tag}-{self._sent}"
        self.waiting.add(correlation_id)
        return encoded(
            exchange=topology.EXECUTION_REQUEST_EXCHANGE,
            routing_key="",
            body=order(correlation_id, self.batch_id),
            headers=headers(),
            content_type="application/json",
            content_encoding="UTF-8",
            priority=1,
        )

    def hear(self, body: bytes) -> None:
        """Take note of a result."""
        result = json.loads(body)
        if result["finalStatus"] != "SUCCESS":
            raise RequestFailed(f"{result['executionId']}: {result['finalStatus']}: {result['messages']}")
        self.waiting.discard(result["executionCorrelationId"])


def order(correlation_id: str, batch_id: str, files: Sequence[Mapping[str, Any]] = ()) -> str:
    """Return the body of an order."""
    return json.dumps(
        {"executionCorrelationId": correlation_id, "batchId": batch_id, "inputFiles": list(files)}
    )


def headers() -> dict[str, object]:
    """Return the headers of an order."""
    return {
        names.TENANT: "default",
        names.CONVERTER: topology.CONVERTER,
        names.TYPE: topology.EXECUTION_REQUEST_EVENT,
    }
