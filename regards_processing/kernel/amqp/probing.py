"""Whether the broker takes messages, asked in the way that messages are published."""

import threading
from typing import Final

from regards_processing.kernel.amqp.connection import BrokerAddress, broker_errors, open_connection
from regards_processing.kernel.amqp.envelope import Outbound
from regards_processing.kernel.amqp.publisher import Publisher

#: A queue that nobody declares: RabbitMQ confirms a message to it, and drops it.
_NOWHERE: Final = "regards.probe"


class BrokerProbe:
    """Publishes a message that goes nowhere and waits for the broker's word; keeps its connection.

    A broker that holds publishers back (memory or disk alarm) gives no word in time.
    """

    def __init__(self, *, address: BrokerAddress, app_id: str, timeout: float) -> None:
        """Prepare the probe; ``timeout`` is for the broker's word, in seconds."""
        self._address = address
        self._lock = threading.Lock()
        self._publisher = Publisher(address=address, app_id=app_id, confirm_timeout=timeout)

    def ask(self) -> None:
        """Return when the broker took the message.

        Raises:
            BrokerUnavailable: it did not.
        """
        if self._address.embedded:
            self._ask_folder()
        else:
            self._publisher.publish_all([Outbound(exchange="", routing_key=_NOWHERE, headers={}, body=b"{}")])

    def close(self) -> None:
        """Give the connection back."""
        self._publisher.close()

    def _ask_folder(self) -> None:
        """Write a message and take it away again."""
        connection = open_connection(address=self._address)
        with self._lock, broker_errors(self._address):
            channel = connection.channel()
            channel.give_back(_NOWHERE, {})  # type: ignore[attr-defined] # a channel of our own transport
            channel.take(_NOWHERE)  # type: ignore[attr-defined]
            connection.release()
