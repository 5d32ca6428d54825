"""Brokers in memory that do not take everything."""

from collections.abc import Sequence

from regards_processing.kernel.amqp.envelope import Outbound
from regards_processing.kernel.amqp.errors import BrokerUnavailable, MessagesRefused
from regards_processing.kernel.amqp.testing import InMemoryBroker


class ChoosyBroker(InMemoryBroker):
    """Refuses messages to the exchange ``nowhere``, and takes their neighbours."""

    def publish_all(self, messages: Sequence[Outbound]) -> None:
        taken = [message for message in messages if message.exchange != "nowhere"]
        super().publish_all(taken)
        refused = {at: "no route" for at, message in enumerate(messages) if message.exchange == "nowhere"}
        if refused:
            raise MessagesRefused(refused)


class FaultyBroker(InMemoryBroker):
    """Has a fault that nobody foresaw, for messages to the exchange ``trap``."""

    def publish_all(self, messages: Sequence[Outbound]) -> None:
        if any(message.exchange == "trap" for message in messages):
            raise ZeroDivisionError
        super().publish_all(messages)


class BrokerWithoutInstance(InMemoryBroker):
    """The virtual host of the instance is away."""

    def __init__(self) -> None:
        super().__init__()
        #: How often it was tried.
        self.asked = 0

    def publish_all(self, messages: Sequence[Outbound]) -> None:
        if any(message.for_instance for message in messages):
            self.asked += 1
            raise BrokerUnavailable
        super().publish_all(messages)
