"""Looking at RabbitMQ through AMQP alone."""

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from amqp.basic_message import Message
from amqp.exceptions import AccessRefused, NotFound, ResourceLocked

from regards_processing.kernel.amqp.connection import BrokerAddress, broker_errors, open_connection
from regards_processing.kernel.amqp.definitions import Arguments, differences
from regards_processing.kernel.amqp.errors import BrokerUnavailable
from regards_processing.kernel.amqp.inspection import (
    BrokerFacts,
    Difference,
    ListedQueue,
    PermissionRefused,
    QueueFacts,
)
from regards_processing.kernel.amqp.management import ManagementApi
from regards_processing.kernel.amqp.topology import BindingSpec, ExchangeSpec, QueueSpec

#: Seconds that the broker may take for one answer.
_ANSWER_TIMEOUT: Final = 5.0
#: What is part of a declaration and no ``x-`` argument.
_FLAGS: Final = frozenset({"type", "durable", "auto_delete"})


class RabbitInspector:
    """Looks at one virtual host."""

    def __init__(self, *, address: BrokerAddress, management: ManagementApi | None = None) -> None:
        """Connect.

        Raises:
            VirtualHostMissing, LoginRefused: the broker does not let us in.
            BrokerUnavailable: it cannot be reached.
        """
        self._address = address
        self._management = management
        self._driver: Any = open_connection(address=address).connection
        # From here on, no single answer may take longer.
        self._driver.transport.sock.settimeout(_ANSWER_TIMEOUT)
        self._channel: Any = self._driver.channel()

    def about(self) -> BrokerFacts:
        """Return product and version."""
        told = self._driver.server_properties
        product, version = str(told.get("product")), str(told.get("version"))
        return BrokerFacts(product=product, version=version, limits_work=True)

    def queue(self, spec: QueueSpec) -> QueueFacts | None:
        """Count, then compare."""
        with self._refusals():
            try:
                counted = self._channel.queue_declare(spec.name, passive=True)
            except NotFound:
                return None
            except ResourceLocked:
                locked = Difference(argument="exclusive", ours="false", theirs="true")
                return QueueFacts(messages=0, consumers=None, differences=(locked,))
            found = differences(
                lambda given: self._channel.queue_declare(spec.name, **_as_call(given)),
                ours={"durable": True, "auto_delete": spec.auto_delete, **spec.arguments},
            )
        return QueueFacts(messages=counted.message_count, consumers=counted.consumer_count, differences=found)

    def exchange(self, spec: ExchangeSpec) -> tuple[Difference, ...] | None:
        """Compare."""
        with self._refusals():
            try:
                self._channel.exchange_declare(spec.name, spec.type, passive=True)
            except NotFound:
                return None
            return differences(
                lambda given: self._channel.exchange_declare(spec.name, **_as_call(given)),
                ours={"type": spec.type, "durable": True, "auto_delete": False, **spec.arguments},
            )

    def bindings(self, exchange: str) -> frozenset[BindingSpec] | None:
        """Ask the management interface, if there is one: the protocol does not tell."""
        return None if self._management is None else self._management.bindings(exchange)

    def listed_queues(self) -> Sequence[ListedQueue] | None:
        """Ask the management interface, if there is one: the protocol does not tell."""
        return None if self._management is None else self._management.queues()

    def round_trip(self) -> None:
        """Declare, publish with a confirm, take, and leave nothing."""
        name, text = f"regards.doctor.{secrets.token_hex(8)}", secrets.token_bytes(8)
        with self._refusals():
            self._channel.auto_decode = False
            self._channel.queue_declare(name, exclusive=True)
            self._channel.basic_publish_confirm(
                Message(text), exchange="", routing_key=name, confirm_timeout=_ANSWER_TIMEOUT
            )
            back = self._channel.basic_get(name, no_ack=True)
            self._channel.queue_delete(name)
        if back is None or back.body != text:
            raise BrokerUnavailable(f"A message to the broker {self._address} did not come back")

    def close(self) -> None:
        """Close the connection."""
        self._driver.collect()

    @contextmanager
    def _refusals(self) -> Iterator[None]:
        with broker_errors(self._address):
            try:
                yield
            except AccessRefused as error:
                raise PermissionRefused(str(error.reply_text)) from error


def _as_call(arguments: Arguments) -> dict[str, Any]:
    flags = {name: value for name, value in arguments.items() if name in _FLAGS}
    rest = {name: value for name, value in arguments.items() if name not in _FLAGS}
    return {**flags, "arguments": rest or None}
