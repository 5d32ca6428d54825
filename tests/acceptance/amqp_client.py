"""Plain AMQP participants on pika: a client, a foreign worker, an operator who looks into queues.

They share no code with the platform: names, arguments and JSON are written out from the contract.
"""

import base64
import json
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self, TypeVar

import pika
from pika.exceptions import AMQPError

from tests.acceptance.participant import REQUEST_EXCHANGE, RESPONSE_EXCHANGE, Client, NotHeard, Response

HEARTBEAT_EXCHANGE = "regards.worker.manager.heartbeat"
ANSWER_EXCHANGE = "regards.worker.manager.response"
DEAD_LETTER_EXCHANGE = "regards.DLX"
REQUEST_DEAD_LETTERS = "regards.worker.manager.request.dlq"
#: Dead letters of requests and heartbeats, and of answers.
DEAD_LETTERS = "regards.DLQ"
ANSWER_DEAD_LETTERS = "regards.worker.manager.response.DLQ"

_PRIORITIES = {"x-max-priority": 255}
_RECONNECT_SECONDS = 40.0
_STEP = 0.02

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A message as it came."""

    tag: int
    exchange: str
    routing_key: str
    redelivered: bool
    headers: dict[str, Any]
    body: bytes
    properties: Any


class Peer:
    """A connection to the broker, opened again when it breaks."""

    def __init__(self, url: str) -> None:
        self._parameters = pika.URLParameters(url)
        self._parameters.heartbeat = 0
        self._connect()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        # It may have been broken since it was last used.
        with suppress(AMQPError):
            if self._connection.is_open:
                self._connection.close()

    def publish(
        self, *, exchange: str, key: str = "", headers: Mapping[str, Any], body: bytes, **properties: Any
    ) -> None:
        """Publish a persistent message and wait for the broker's confirmation."""
        values = {"content_type": "application/json", "delivery_mode": 2, **properties}
        sent = pika.BasicProperties(headers=dict(headers), **values)
        self.lasting(lambda: self.channel.basic_publish(exchange, key, body, sent))

    def get(self, queue: str, *, auto_ack: bool = True) -> Received | None:
        """Take a message, if there is one."""
        delivery, properties, body = self.channel.basic_get(queue, auto_ack=auto_ack)
        if delivery is None:
            return None
        return Received(
            tag=delivery.delivery_tag,
            exchange=delivery.exchange,
            routing_key=delivery.routing_key,
            redelivered=delivery.redelivered,
            headers=properties.headers or {},
            body=body,
            properties=properties,
        )

    def await_message(self, queue: str, *, timeout: float = 15.0, auto_ack: bool = True) -> Received:
        """Wait for a message."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            received = self.get(queue, auto_ack=auto_ack)
            if received is not None:
                return received
            time.sleep(_STEP)
        raise NotHeard(f"nothing in {queue} after {timeout:g} s")

    def await_dead_letter(
        self, queue: str, *, about: Callable[[Received], bool], timeout: float = 15.0
    ) -> Received:
        """Wait for one dead letter; others are thrown away."""
        deadline = time.monotonic() + timeout
        while True:
            received = self.await_message(queue, timeout=max(0.1, deadline - time.monotonic()))
            if about(received):
                return received

    def drain(self, queue: str) -> list[Received]:
        """Take the messages that a queue holds now, and not those that come meanwhile."""
        declared = self.lasting(lambda: self.channel.queue_declare(queue, passive=True))
        taken = [self.lasting(lambda: self.get(queue)) for _ in range(declared.method.message_count)]
        return [received for received in taken if received is not None]

    def lasting(self, action: Callable[[], T]) -> T:
        """Do something, again after the broker was away."""
        deadline = time.monotonic() + _RECONNECT_SECONDS
        while True:
            try:
                return action()
            except (AMQPError, OSError):
                self._reconnect(deadline)

    def _reconnect(self, deadline: float) -> None:
        while True:
            time.sleep(0.2)
            try:
                self._connect()
            except (AMQPError, OSError):
                if time.monotonic() > deadline:
                    raise
            else:
                return

    def _connect(self) -> None:
        self._connection = pika.BlockingConnection(self._parameters)
        self.channel = self._connection.channel()
        self.channel.confirm_delivery()


class RabbitClient(Client, Peer):
    """A client with a durable queue of its own."""

    def __init__(self, url: str) -> None:
        Client.__init__(self)
        Peer.__init__(self, url)
        self._queue = f"acceptance.client.{secrets.token_hex(4)}"
        self.channel.exchange_declare(RESPONSE_EXCHANGE, "fanout", durable=True)
        self.channel.queue_declare(self._queue, durable=True)
        self.channel.queue_bind(self._queue, RESPONSE_EXCHANGE)

    def close(self) -> None:
        self.lasting(lambda: self.channel.queue_delete(self._queue))
        Peer.close(self)

    def send(self, *, headers: Mapping[str, Any], body: bytes) -> None:
        self.publish(
            exchange=REQUEST_EXCHANGE, headers=headers, body=body, content_encoding="UTF-8", priority=1
        )

    def send_all(self, messages: Iterable[tuple[Mapping[str, Any], bytes]]) -> None:
        # A channel without confirms: waiting for each, the first requests would end before the last is sent.
        with self._connection.channel() as channel:
            for headers, body in messages:
                sent = pika.BasicProperties(headers=dict(headers), delivery_mode=2, priority=1)
                channel.basic_publish(REQUEST_EXCHANGE, "", body, sent)

    def receive(self) -> Iterator[Response]:
        for one in self.drain(self._queue):
            yield Response(headers=one.headers, body=json.loads(one.body), properties=one.properties)


class ForeignWorker(Peer):
    """A worker that knows the contract and nothing of us."""

    def __init__(self, url: str, worker_type: str) -> None:
        super().__init__(url)
        self.worker_type = worker_type
        self.worker_id = f"foreign-{secrets.token_hex(4)}"
        self.queue = f"regards.worker.{worker_type.lower()}.request"
        self._declare()

    def beat(self, **fields: object) -> None:
        """Announce this worker; ``fields`` replace those of the body."""
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        body = {"id": self.worker_id, "type": self.worker_type, "heartBeatDate": now} | fields
        self.beat_raw(json.dumps(body).encode())

    def beat_raw(self, body: bytes, **headers: object) -> None:
        self.publish(
            exchange=HEARTBEAT_EXCHANGE, key="#", headers={"regards.tenant": "default"} | headers, body=body
        )

    def take(self, *, auto_ack: bool = True) -> Received:
        """Wait for a request."""
        return self.await_message(self.queue, auto_ack=auto_ack)

    def answer(self, request: Received, *, content: bytes | None = None, **fields: object) -> None:
        """Answer as the contract says, without naming the dispatch."""
        body = dict(fields)
        body |= {"content": base64.b64encode(content).decode()} if content is not None else {}
        self.answer_raw(request, json.dumps(body).encode())

    def answer_raw(self, request: Received, body: bytes, **properties: Any) -> None:
        copied = {name: request.headers[name] for name in ("regards.tenant", "regards.request.id")}
        self.publish(exchange=ANSWER_EXCHANGE, key="#", headers=copied, body=body, **properties)

    def reject_one(self) -> None:
        """Reject a request without requeue: the broker dead-letters it."""
        self.channel.basic_reject(self.take(auto_ack=False).tag, requeue=False)

    def _declare(self) -> None:
        dead = {
            "x-dead-letter-exchange": DEAD_LETTER_EXCHANGE,
            "x-dead-letter-routing-key": REQUEST_DEAD_LETTERS,
        }
        self.channel.exchange_declare(self.queue, "topic", durable=True)
        self.channel.queue_declare(self.queue, durable=True, arguments=_PRIORITIES | dead)
        self.channel.queue_bind(self.queue, self.queue, "#")
        self.channel.exchange_declare(DEAD_LETTER_EXCHANGE, "topic", durable=True)
        self.channel.queue_declare(REQUEST_DEAD_LETTERS, durable=True, arguments=_PRIORITIES)
        self.channel.queue_bind(REQUEST_DEAD_LETTERS, DEAD_LETTER_EXCHANGE, REQUEST_DEAD_LETTERS)
        self.channel.exchange_declare(HEARTBEAT_EXCHANGE, "topic", durable=True)
        self.channel.exchange_declare(ANSWER_EXCHANGE, "topic", durable=True)
