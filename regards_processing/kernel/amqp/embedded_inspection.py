"""Looking at the embedded broker: its queues are files, and have no arguments."""

import secrets
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from regards_processing.kernel.amqp.connection import BrokerAddress, broker_errors, open_connection
from regards_processing.kernel.amqp.errors import BrokerUnavailable
from regards_processing.kernel.amqp.inspection import BrokerFacts, Difference, ListedQueue, QueueFacts
from regards_processing.kernel.amqp.topology import BindingSpec, ExchangeSpec, QueueSpec


class EmbeddedInspector:
    """Looks into the folder."""

    def __init__(self, *, address: BrokerAddress) -> None:
        self._address = address
        with broker_errors(address):
            self._connection = open_connection(address=address)
            self._channel: Any = self._connection.channel()

    def about(self) -> BrokerFacts:
        """Name the library that it is made of."""
        return BrokerFacts(product="embedded broker", version=version("kombu"), limits_work=False)

    def queue(self, spec: QueueSpec) -> QueueFacts | None:
        """Count the files of a queue; one that is empty exists when something was bound to it."""
        with broker_errors(self._address):
            waiting = sum(1 for _ in Path(self._channel.data_folder_in).glob(f"*.{spec.name}.msg"))
        is_there = waiting or spec.name in self.bound_queues()
        return QueueFacts(messages=waiting, consumers=None) if is_there else None

    def bound_queues(self) -> frozenset[str]:
        """Return the names of all queues that an exchange reaches."""
        with broker_errors(self._address):
            exchanges = [file.stem for file in Path(self._channel.control_folder).glob("*.exchange")]
        return frozenset(route.queue for name in exchanges for route in self.bindings(name))

    def exchange(self, spec: ExchangeSpec) -> tuple[Difference, ...] | None:
        """Find no difference: an exchange is no more than the routes from it. Not every type is there."""
        return None if spec.type.startswith("x-") or spec.type == "headers" else ()

    def bindings(self, exchange: str) -> frozenset[BindingSpec]:
        """Read the routes of an exchange."""
        with broker_errors(self._address):
            rows = self._channel.get_table(exchange)
        return frozenset(
            BindingSpec(exchange=exchange, queue=queue, routing_key=key or "") for key, _, queue in rows
        )

    def listed_queues(self) -> Sequence[ListedQueue]:
        """Return nothing: there are no policies, and managers share their queues."""
        return ()

    def round_trip(self) -> None:
        """Write a file and take it back."""
        queue, text = f"regards.doctor.{secrets.token_hex(8)}", secrets.token_hex(8)
        with broker_errors(self._address):
            self._channel.give_back(queue, {"body": text})
            back = self._channel.take(queue)
        if back is None or back["body"] != text:
            raise BrokerUnavailable(f"A message to the broker {self._address} did not come back")

    def close(self) -> None:
        """Forget the folder."""
        self._connection.release()
