"""The embedded broker: files in a folder, read and written by several processes."""

import base64
import binascii
import time
from collections import deque
from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from typing import Any, Final

import kombu
from kombu.exceptions import ChannelError, EncodeError

from regards_processing.kernel.amqp.connection import (
    BrokerAddress,
    broker_errors,
    declare,
    open_connection,
)
from regards_processing.kernel.amqp.envelope import Inbound, Outbound
from regards_processing.kernel.amqp.errors import TopologyConflict
from regards_processing.kernel.amqp.ports import BulkLimits, Shortfall
from regards_processing.kernel.amqp.topology import QueueSpec, Topology
from workers.transport.embedded import LONGEST_NAME, POLLING_INTERVAL

#: What the transport itself keeps among the properties.
_PRIVATE: Final = ("delivery_info", "delivery_tag", "body_encoding")


class EmbeddedSender:
    """Publishes by writing a file per message and queue; a written file is as good as a confirmation."""

    def __init__(self, *, address: BrokerAddress, app_id: str) -> None:
        self._address = address
        self._app_id = app_id
        self._connection = open_connection(address=address)
        self._channel: Any = self._connection.channel()
        self._outcome = Shortfall()

    def declare(self, topology: Topology) -> None:
        """Declare what is missing."""
        too_long = [queue.name for queue in topology.queues if len(queue.name.encode()) > LONGEST_NAME]
        if too_long:
            raise TopologyConflict(
                f"Names of queues are limited to {LONGEST_NAME} bytes, as they are parts of file names, got "
                f"{too_long[0]}. RabbitMQ takes longer ones"
            )
        with broker_errors(self._address):
            declare(self._channel, topology)

    def begin(self, bulk: MutableMapping[int, Outbound], refused: MutableMapping[int, str]) -> None:
        """Write a bulk."""
        self._outcome = self._send(bulk, refused)

    def finished(self) -> bool:
        """Tell that there is nothing to wait for."""
        return True

    def finish(self) -> Shortfall:
        """Return what became of the bulk."""
        return self._outcome

    def _send(self, bulk: MutableMapping[int, Outbound], refused: MutableMapping[int, str]) -> Shortfall:
        unroutable: set[int] = set()
        for position, message in list(bulk.items()):
            if not self._channel.knows(message.exchange):
                return Shortfall(missing_exchange=message.exchange)
            try:
                if message.mandatory and not self._channel.routes(message.exchange, message.routing_key):
                    unroutable.add(position)
                    continue
                with broker_errors(self._address):
                    self._write(message)
            except (ChannelError, EncodeError, TypeError, ValueError, RecursionError) as error:
                refused[position] = repr(error)
            del bulk[position]
        return Shortfall(unroutable=frozenset(unroutable))

    def close(self) -> None:
        """Forget the folder."""
        _close(self._connection)

    def _write(self, message: Outbound) -> None:
        properties = {
            "app_id": self._app_id,
            "timestamp": int(time.time()),
            **message.properties,
            "delivery_mode": 2,
            "message_id": message.message_id,
            "correlation_id": message.correlation_id,
        }
        prepared = self._channel.prepare_message(
            message.body,
            priority=message.priority,
            content_type=message.content_type,
            content_encoding=message.content_encoding,
            headers=dict(message.headers),
            properties={name: value for name, value in properties.items() if value is not None},
        )
        self._channel.basic_publish(prepared, message.exchange, message.routing_key)


class EmbeddedSource:
    """Reads several queues from the folder."""

    def __init__(
        self, *, address: BrokerAddress, queues: Sequence[QueueSpec], topology: Topology, limits: BulkLimits
    ) -> None:
        self._address = address
        self._limits = limits
        self._connection = open_connection(address=address)
        self._channel: Any = self._connection.channel()
        self._waiting: dict[str, deque[dict[str, Any]]] = {queue.name: deque() for queue in queues}
        self._in_hand: dict[str, list[dict[str, Any]]] = {queue.name: [] for queue in queues}
        self._guests: set[str] = set()
        with broker_errors(address):
            declare(self._channel, topology)

    def read(self, timeout: float, *, linger: float = 0.0) -> None:  # noqa: ARG002 (a look at the folder finds many)
        """Take files until there are no more or a bulk is full."""
        deadline = time.monotonic() + timeout
        with broker_errors(self._address):
            while True:
                for queue, waiting in self._waiting.items():
                    self._fill(queue, waiting)
                if any(self._waiting.values()) or time.monotonic() >= deadline:
                    return
                time.sleep(POLLING_INTERVAL)

    def take(self, queue: QueueSpec) -> Sequence[Inbound]:
        """Return one bulk of a queue."""
        waiting, in_hand = self._waiting[queue.name], self._in_hand[queue.name]
        in_hand.extend(waiting)
        waiting.clear()
        return [as_inbound(queue.name, payload) for payload in in_hand]

    def waiting(self, queue: QueueSpec) -> int:
        """Return how many files of a queue were read."""
        return len(self._waiting[queue.name])

    def follow(self, queues: Mapping[QueueSpec, Topology]) -> None:
        """Look for the files of queues that have come, and put back those of queues that have gone."""
        with broker_errors(self._address):
            for name in self._guests - {queue.name for queue in queues}:
                self._guests.remove(name)
                self._give_back(name, [*self._in_hand.pop(name), *self._waiting.pop(name)])
            for queue, topology in queues.items():
                if queue.name not in self._waiting:
                    declare(self._channel, topology)
                    self._waiting[queue.name], self._in_hand[queue.name] = deque(), []
                    self._guests.add(queue.name)

    def acknowledge(self, queue: QueueSpec) -> None:
        """Forget the files that were taken from a queue."""
        self._in_hand[queue.name].clear()

    def tick(self) -> None:
        """Do nothing: a folder needs no sign of life."""

    def close(self) -> None:
        """Put back what was not acknowledged."""
        with broker_errors(self._address):
            for kept in (self._in_hand, self._waiting):
                for queue, payloads in kept.items():
                    self._give_back(queue, payloads)
        _close(self._connection)

    def _give_back(self, queue: str, payloads: Iterable[dict[str, Any]]) -> None:
        for payload in payloads:
            self._channel.give_back(queue, payload)

    def _fill(self, queue: str, waiting: deque[dict[str, Any]]) -> None:
        size = sum(len(payload.get("body") or "") for payload in waiting)
        while len(waiting) < self._limits.messages and size < self._limits.body_bytes:
            payload = self._channel.take(queue)
            if payload is None:
                return
            size += len(payload.get("body") or "")
            waiting.append(payload)


def _close(connection: kombu.Connection) -> None:
    connection.release()


def as_inbound(queue: str, payload: dict[str, Any]) -> Inbound:
    """Return the content of a file as the platform sees it."""
    properties = dict(payload.get("properties") or {})
    delivery = properties.get("delivery_info") or {}
    body, unreadable = _body(payload.get("body") or "", properties.get("body_encoding"))
    for name in _PRIVATE:
        properties.pop(name, None)
    properties["content_type"] = payload.get("content-type")
    properties["content_encoding"] = payload.get("content-encoding")
    return Inbound(
        queue=queue,
        exchange=delivery.get("exchange") or "",
        routing_key=delivery.get("routing_key") or "",
        headers=payload.get("headers") or {},
        body=body,
        redelivered=bool(payload.get("redelivered")),
        message_id=properties.pop("message_id", None),
        correlation_id=properties.pop("correlation_id", None),
        properties={name: value for name, value in properties.items() if value is not None},
        unreadable=unreadable,
    )


def _body(text: str, encoding: str | None) -> tuple[bytes, str | None]:
    if encoding != "base64":
        return text.encode(), None
    try:
        return base64.b64decode(text, validate=True), None
    except binascii.Error as error:
        return text.encode(), repr(error)
