"""The manager's side of the contract, played to a worker that is examined."""

import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final, Self

from amqp.exceptions import NotFound
from kombu import Connection, Consumer, Queue, binding

from workers.conformance.heard import Heard
from workers.contract import headers as header_names
from workers.contract import names
from workers.sdk import topology

_CONNECT_TIMEOUT: Final = 5.0
_CONTENT_TYPE: Final = "application/json"
_PERSISTENT: Final = 2
#: Messages that may be tried until one comes here instead of to the worker.
_MOST_TRIES: Final = 50


class PlayedManager:
    """Sends requests as REGARDS' manager does, and hears everything that a worker says."""

    def __init__(self, *, url: str, worker_type: str) -> None:
        self._connection = Connection(url, connect_timeout=_CONNECT_TIMEOUT)
        self._connection.connect()
        self._channel: Any = self._connection.channel()
        self._queue = names.request_queue(worker_type)
        self._worker_type = worker_type
        self.beats: list[Heard] = []
        self.answers: list[Heard] = []
        self.dead_letters: list[Heard] = []

    def worker_has_declared(self) -> bool:
        """Tell whether the queue of the type exists already."""
        channel: Any = self._connection.channel()
        try:
            channel.queue_declare(self._queue, passive=True)
        except NotFound:
            return False
        channel.close()
        return True

    def declare(self) -> None:
        """Declare what a manager declares, and begin to hear, in queues that nobody else reads.

        Raises:
            PreconditionFailed: something exists with other arguments than the contract's.
        """
        topology.declare(channel=self._channel, types=[self._worker_type])
        heard = {
            topology.HEARTBEATS: self.beats,
            topology.ANSWERS: self.answers,
            topology.FENCED_ANSWERS: self.answers,
        }
        queues = {Queue(exchange=exchange, routing_key="#"): kept for exchange, kept in heard.items()}
        dead = [
            binding(topology.FAILED_REQUESTS, routing_key=""),
            binding(topology.DEAD_LETTERS, routing_key=names.REQUEST_DEAD_LETTERS),
        ]
        queues[Queue(bindings=dead)] = self.dead_letters
        for queue, kept in queues.items():
            self._hear(queue, kept)

    def send(
        self, request_id: str, *, body: bytes, tenant: str, others: Mapping[str, object] | None = None
    ) -> None:
        """Dispatch a request."""
        headers = {
            header_names.TENANT: tenant,
            header_names.REQUEST_ID: request_id,
            header_names.OWNER: "conformance",
            header_names.SESSION: "conformance",
            header_names.CONTENT_TYPE: "conformance",
            **(others or {}),
        }
        message = self._channel.prepare_message(
            body,
            priority=0,
            content_type=_CONTENT_TYPE,
            headers=headers,
            properties={"delivery_mode": _PERSISTENT},
        )
        self._channel.basic_publish(message, exchange=self._queue, routing_key=names.WORKER_ROUTING_KEY)

    def redeliver(self, *, send: Callable[[int], None]) -> int | None:
        """Have one of the requests that ``send`` sends delivered again; return which, ``None`` if none was.

        Both consume from the queue; what comes here goes back, as what a lost worker had does.
        """
        taken: list[Any] = []
        channel: Any = self._connection.channel()
        channel.basic_qos(0, 1, False)
        tag = channel.basic_consume(self._queue, callback=taken.append)
        sent = 0
        while not taken and sent < _MOST_TRIES:
            send(sent)
            sent += 1
            self.wait(lambda: bool(taken), timeout=0.2)
        channel.basic_cancel(tag)
        for message in taken:
            channel.basic_reject(message.delivery_tag, requeue=True)
        channel.close()
        return sent if taken else None

    def wait(self, enough: Callable[[], bool], *, timeout: float) -> bool:
        """Hear until it is enough, or for so many seconds; tell whether it was."""
        until = time.monotonic() + timeout
        while not enough():
            left = until - time.monotonic()
            if left <= 0:
                return False
            with suppress(TimeoutError):
                self._connection.drain_events(timeout=min(left, 0.5))
        return True

    def _hear(self, queue: Queue, kept: list[Heard]) -> None:
        # Named here: the names that brokers give must not be declared again.
        queue.name = f"conformance.{uuid.uuid4()}"
        queue.exclusive = queue.auto_delete = True
        queue.durable = False

        def keep(message: Any) -> None:
            body = message.body.encode() if isinstance(message.body, str) else bytes(message.body)
            exchange = str(message.delivery_info.get("exchange"))
            kept.append(Heard(exchange=exchange, headers=message.headers, body=body, at=time.monotonic()))

        Consumer(self._channel, queues=[queue], on_message=keep, no_ack=True).consume()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._connection.close()
