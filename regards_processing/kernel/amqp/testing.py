"""A broker in memory, for unit tests of what publishes and what consumes."""

from collections.abc import Mapping, Sequence
from typing import Any

from regards_processing.kernel.amqp.consumer import BatchConsumer
from regards_processing.kernel.amqp.dead_letters import publish_dead_letters
from regards_processing.kernel.amqp.envelope import Inbound, Outbound
from regards_processing.kernel.amqp.errors import BrokerUnavailable


class InMemoryBroker:
    """Records what is published, and feeds consumers as the loop would."""

    def __init__(self) -> None:
        #: Everything published, dead letters included, oldest first.
        self.published: list[Outbound] = []
        #: Everything acknowledged, oldest first.
        self.acknowledged: list[Inbound] = []
        #: Whether the broker is away.
        self.down = False

    def publish_all(self, messages: Sequence[Outbound]) -> None:
        """Record messages.

        Raises:
            BrokerUnavailable: the test has set ``down``.
        """
        if self.down:
            raise BrokerUnavailable
        self.published.extend(messages)

    def settle(self, *, wait: bool = False) -> None:
        """Do nothing: what is published here has arrived."""

    def published_to(self, exchange: str) -> list[Outbound]:
        """Return what was published to an exchange."""
        return [message for message in self.published if message.exchange == exchange]

    def feed(self, consumer: BatchConsumer[Any], messages: Sequence[Inbound]) -> None:
        """Deliver a bulk: handle it, publish the dead letters, acknowledge.

        Raises:
            an error that `is_down` knows: nothing is acknowledged then.
        """
        copies = consumer.process(messages)
        if copies:
            publish_dead_letters(copies, publisher=self)
        self.acknowledged.extend(messages)


def inbound(
    *,
    headers: Mapping[str, Any],
    body: bytes,
    queue: str = "",
    redelivered: bool = False,
    message_id: str | None = None,
    correlation_id: str | None = None,
    properties: Mapping[str, Any] | None = None,
) -> Inbound:
    """Return a message as it would be read from a queue."""
    return Inbound(
        queue=queue,
        exchange="",
        routing_key="",
        headers=headers,
        body=body,
        redelivered=redelivered,
        message_id=message_id,
        correlation_id=correlation_id,
        properties=properties or {},
    )
