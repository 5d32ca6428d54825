"""Listening on a queue of one's own, as a client does."""

import logging
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Final, Self

from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.connection import (
    BrokerAddress,
    address_from_settings,
    broker_errors,
    declare,
    open_connection,
)
from regards_processing.kernel.amqp.embedded import EmbeddedSource
from regards_processing.kernel.amqp.envelope import Inbound
from regards_processing.kernel.amqp.errors import BrokerUnavailable
from regards_processing.kernel.amqp.ports import BulkLimits, Source
from regards_processing.kernel.amqp.rabbitmq_source import RabbitSource

log = logging.getLogger(__name__)

#: Seconds between two attempts to connect again.
_PAUSE: Final = 1.0


class Listener:
    """Hears what is published to some exchanges while its block lasts; its queue goes with it."""

    def __init__(
        self,
        *,
        client_id: str,
        exchanges: Sequence[str] = (topology.RESPONSE_EVENT_EXCHANGE,),
        address: BrokerAddress | None = None,
    ) -> None:
        """Prepare to listen; by default to the responses of the broker that the settings name.

        Args:
            client_id: names the queue; no other client may have it.
        """
        self._address = address or address_from_settings()
        self._topology = topology.client_topology(client_id, exchanges=exchanges)
        self._queue = self._topology.queues[-1]
        self._source: Source | None = None

    def __enter__(self) -> Self:
        self._source = self._open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()
        try:
            self._remove_queue()
        except BrokerUnavailable:
            log.info("queue left to expire", extra={"action": "listener.left", "queue": self._queue.name})

    def receive(self, timeout: float) -> Sequence[Inbound]:
        """Return what has arrived; wait up to ``timeout`` seconds for the first message.

        A lost connection is opened again; the queue keeps what arrives in between.
        """
        deadline = time.monotonic() + timeout
        try:
            if self._source is None:
                self._source = self._open()
            self._source.tick()
            self._source.read(timeout)
            messages = self._source.take(self._queue)
            if messages:
                self._source.acknowledge(self._queue)
        except BrokerUnavailable as error:
            log.warning("broker is away, connecting again: %s", error, extra={"action": "listener.reconnect"})
            self._close()
            time.sleep(max(0.0, min(_PAUSE, deadline - time.monotonic())))
            return ()
        return messages

    def _open(self) -> Source:
        kind = EmbeddedSource if self._address.embedded else RabbitSource
        return kind(address=self._address, queues=[self._queue], topology=self._topology, limits=BulkLimits())

    def _close(self) -> None:
        if self._source is not None:
            self._source.close()
            self._source = None

    def _remove_queue(self) -> None:
        connection = open_connection(address=self._address)
        with broker_errors(self._address):
            channel: Any = connection.channel()
            # The embedded broker removes the bindings that this very connection knows.
            declare(channel, self._topology)
            channel.queue_delete(self._queue.name)
            connection.release()
