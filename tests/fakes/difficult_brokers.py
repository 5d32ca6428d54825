"""Brokers in memory that do not take everything."""

from collections.abc import Mapping, Sequence

from regards_processing.kernel.amqp.envelope import Outbound
from regards_processing.kernel.amqp.errors import BrokerUnavailable, MessagesHeld, MessagesRefused
from regards_processing.kernel.amqp.testing import InMemoryBroker


class ChoosyBroker(InMemoryBroker):
    """Refuses messages to the exchange ``nowhere``, and takes their neighbours."""

    def publish_all(self, messages: Sequence[Outbound]) -> None:
        taken = [message for message in messages if message.exchange != "nowhere"]
        super().publish_all(taken)
        refused = {at: "no route" for at, message in enumerate(messages) if message.exchange == "nowhere"}
        if refused:
            raise MessagesRefused(refused)


class BrokerWithForeignQueue(ChoosyBroker):
    """Has a queue of the worker type ``bad`` that is not ours, and refuses messages to ``nowhere``."""

    def __init__(self) -> None:
        super().__init__()
        #: Whether the queue is in the way.
        self.there = True
        #: How often something was sent to its worker type.
        self.asked = 0

    def publish_all(self, messages: Sequence[Outbound]) -> None:
        held = {at: "another definition" for at, message in enumerate(messages) if self._is_held(message)}
        self.asked += bool(held)
        others = {at: message for at, message in enumerate(messages) if at not in held}
        refused: Mapping[int, str] = {}
        try:
            super().publish_all(list(others.values()))
        except MessagesRefused as error:
            refused = {list(others)[at]: reason for at, reason in error.refused.items()}
        if held:
            raise MessagesHeld(held, refused)
        if refused:
            raise MessagesRefused(refused)

    def _is_held(self, message: Outbound) -> bool:
        return self.there and message.worker_type == "bad"


class BrokerWithFullQueue(BrokerWithForeignQueue):
    """Has a full queue behind the exchange ``full``; what is sent there has reached the queues beside it."""

    def __init__(self) -> None:
        super().__init__()
        #: What the queues beside it have.
        self.beside: list[Outbound] = []

    def _is_held(self, message: Outbound) -> bool:
        self.beside += [message] if message.exchange == "full" else []
        return self.there and message.exchange == "full"


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
